"""python -m tb chip: what it cannot use is said before anything is compiled."""

import pytest

from hexcoder.errors import InputError
from hexcoder.tb.__main__ import main
from tests.sensor.chip.test_golden import yaml_text
from tests.tb.chip.chips import design

pytestmark = pytest.mark.xdist_group("chip")

WORDS = ",".join(["a0000000"] * 12) + "\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "testInput.csv").write_text(WORDS * 3)
    (tmp_path / "init.yaml").write_text(yaml_text())
    (tmp_path / "out.csv").write_text("00000000\n" * 3)
    return tmp_path


def run(folder, *more):
    files = ["--config", "init.yaml", "--expected", "out.csv"]
    return main(["chip", "--vectors", str(folder), *files, *more])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("testInput.csv", WORDS, "testInput.csv: 1 rows, but 3 are expected"),
        ("testInput.csv", "a0000000\n" * 3, "line 1: needs 12 or more words of 32 bits"),
        ("out.csv", "00000000\nxyz\n", "out.csv: line 2: words are hexadecimal"),
        ("init.yaml", "Mux: [\n", "init.yaml: not valid YAML: line"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=message):
        run(folder)


def test_a_design_of_another_network_is_refused(folder):
    other = design(False, True)
    with pytest.raises(InputError, match=r"'parameters' has \d+ bits, network .* needs 12864"):
        run(folder, "--design", str(other))
    with pytest.raises(InputError, match=r"no_such/metrics.json: no such file"):
        run(folder, "--design", str(folder / "no_such"))
