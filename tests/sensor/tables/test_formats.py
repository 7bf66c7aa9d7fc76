"""Events in the formats that users have, each written by the library that they write it with."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import uproot

from hexcoder.errors import InputError
from hexcoder.sensor.events import load_events
from hexcoder.sensor.places import load_places

ROOT = Path(__file__).parents[3]

EVENTS = np.random.default_rng(5).integers(0, 1 << 22, (7, 48))
NAMES = [f"CALQ_{cell}" for cell in range(48)]
LAYERS = np.arange(7) + 3


def text(names=None, separator=",", before=""):
    rows = [separator.join(map(str, event)) for event in EVENTS.tolist()]
    header = [] if names is None else [before + separator.join(names)]
    return "\n".join([*header, *rows]) + "\n"


def indexed(names):
    rows = [f"{k},{','.join(map(str, event))}" for k, event in enumerate(EVENTS.tolist())]
    return "\n".join([",".join(["", *names]), *rows]) + "\n"


def write_parquet(path, columns):
    pa.parquet.write_table(pa.table(columns), path)


def write_root(path, **trees):
    with uproot.recreate(path) as file:
        for name, columns in trees.items():
            types = {key: (values.dtype, values.shape[1:]) for key, values in columns.items()}
            file.mktree(name, types)
            file[name].extend(columns)


def by_name(array=EVENTS):
    return {name: array[:, cell] for cell, name in enumerate(NAMES)}


def write_pandas_frame(path):
    """As pandas.DataFrame.to_hdf writes it."""
    with h5py.File(path, "w") as file:
        group = file.create_group("events")
        group["axis0"] = np.array(NAMES, "S")
        group["axis1"] = np.arange(7)
        group["block0_items"] = np.array(NAMES[::-1], "S")
        group["block0_values"] = EVENTS[:, ::-1]


def records():
    values = np.zeros(7, [("layer", "i4"), *((name, "u4") for name in NAMES)])
    values["layer"] = LAYERS
    for cell, name in enumerate(NAMES):
        values[name] = EVENTS[:, cell]
    return values


def fixed_lists():
    return pa.FixedSizeListArray.from_arrays(pa.array(EVENTS.ravel()), 48)


WRITERS = {
    "plain.csv": lambda p: p.write_text(text()),
    "upper.csv": lambda p: p.write_text(text(NAMES)),
    "lower.csv": lambda p: p.write_text(text([n.lower() for n in NAMES])),
    "comment.csv": lambda p: p.write_text(text(NAMES, before="# ")),
    "comments_before.csv": lambda p: p.write_text("# from a run\n# two lines\n" + text()),
    "other_name.csv": lambda p: p.write_text(text([f"tc{cell:02}" for cell in range(48)])),
    "brackets.csv": lambda p: p.write_text(text([f"q[{cell}]" for cell in range(48)])),
    "from_one.csv": lambda p: p.write_text(text([f"TC {cell}" for cell in range(1, 49)])),
    "numbers.csv": lambda p: p.write_text(text(map(str, range(48)))),
    "index_and_names.csv": lambda p: p.write_text(indexed(NAMES)),
    "index_and_numbers.csv": lambda p: p.write_text(indexed([str(cell) for cell in range(48)])),
    "semicolons.csv": lambda p: p.write_text(text(NAMES, ";")),
    "tabs.tsv": lambda p: p.write_text(text(NAMES, "\t")),
    "spaces.txt": lambda p: p.write_text(text(None, "  ")),
    "savetxt.dat": lambda p: np.savetxt(p, EVENTS, fmt="%d", header=" ".join(NAMES)),
    "floats.txt": lambda p: np.savetxt(p, EVENTS),
    "packed.csv.gz": lambda p: p.write_bytes(gzip.compress(text(NAMES).encode())),
    "packed.csv.bz2": lambda p: p.write_bytes(bz2.compress(text(NAMES).encode())),
    "packed.csv.xz": lambda p: p.write_bytes(lzma.compress(text().encode())),
    "ints.npy": lambda p: np.save(p, EVENTS),
    "fortran.npy": lambda p: np.save(p, np.asfortranarray(EVENTS)),
    "doubles.npy": lambda p: np.save(p, EVENTS.astype("f8")),
    "records.npy": lambda p: np.save(p, records()),
    "one.npz": lambda p: np.savez(p, events=EVENTS, layer=LAYERS),
    "packed.npz": lambda p: np.savez_compressed(p, layer=LAYERS, **by_name()),
    "columns.parquet": lambda p: write_parquet(p, by_name() | {"layer": LAYERS}),
    "lists.parquet": lambda p: write_parquet(p, {"CALQ": EVENTS.tolist(), "layer": LAYERS}),
    "fixed.parquet": lambda p: write_parquet(p, {"CALQ": fixed_lists()}),
    "array.h5": lambda p: h5py.File(p, "w").create_dataset("run/CALQ", data=EVENTS).file.close(),
    "records.hdf5": lambda p: h5py.File(p, "w").create_dataset("e", data=records()).file.close(),
    "frame.h5": write_pandas_frame,
    "branches.root": lambda p: write_root(p, events=by_name() | {"layer": LAYERS}),
    "array.root": lambda p: write_root(p, events={"CALQ": EVENTS, "layer": LAYERS}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_events_is_read_whatever_wrote_it(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    np.testing.assert_array_equal(load_events(path), EVENTS)


def test_a_file_is_told_by_how_it_begins_and_not_by_its_name(tmp_path):
    np.save(tmp_path / "events.npy", EVENTS)
    path = (tmp_path / "events.npy").rename(tmp_path / "events.csv")
    np.testing.assert_array_equal(load_events(path), EVENTS)


def test_a_folder_is_all_of_its_files_in_the_order_of_their_names(tmp_path):
    np.save(tmp_path / "b.npy", EVENTS[2:])
    (tmp_path / "a.csv").write_text("\n".join(text().splitlines()[:2]))
    (tmp_path / "README.md").write_text("not events")
    np.testing.assert_array_equal(load_events(tmp_path), EVENTS)


@pytest.mark.parametrize("name", ["columns.parquet", "records.npy", "branches.root", "one.npz"])
def test_places_are_read_from_any_format(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    places = load_places(path, ["layer"])
    assert places is not None
    np.testing.assert_array_equal(places.columns["layer"], LAYERS)


def test_several_candidates_are_listed_and_one_is_chosen_by_its_name(tmp_path):
    path = tmp_path / "both.npz"
    np.savez(path, raw=EVENTS, calibrated=EVENTS[::-1])
    with pytest.raises(InputError, match=r"'raw', 'calibrated'; choose with --columns NAME"):
        load_events(path)
    np.testing.assert_array_equal(load_events(path, "RAW"), EVENTS)
    with pytest.raises(InputError, match=r"lacks cooked_0"):
        load_events(path, "cooked")


def test_the_usual_name_wins(tmp_path):
    path = tmp_path / "both.npz"
    np.savez(path, ADC=EVENTS[::-1], CALQ=EVENTS)
    np.testing.assert_array_equal(load_events(path), EVENTS)


def with_cell(value):
    events = EVENTS.astype(np.float64)
    events[4, 7] = value
    return events


@pytest.mark.parametrize(
    ("value", "problem"),
    [(-1, "-1 is negative"), (0.5, "0.5 is not an integer"), (np.nan, "nan is not finite"),
     (1 << 22, "4.1943e+06 is larger than 22 bits")],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_row_and_column(tmp_path, value, problem):
    np.save(tmp_path / "a.npy", with_cell(value))
    write_parquet(tmp_path / "b.parquet", by_name(with_cell(value)))
    for name, column in (("a.npy", "7"), ("b.parquet", "CALQ_7")):
        with pytest.raises(InputError, match=rf"{name}: row 4, column {column}: ") as caught:
            load_events(tmp_path / name)
        assert problem in str(caught.value)


def claiming(shape):
    """A .npy file that claims a shape which it does not hold."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<i8", "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def zipped(path, name, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    return file.getvalue()


BROKEN = {
    "cut.csv.gz": (lambda p: p.write_bytes(gzip.compress(text().encode())[:-9]), "damaged"),
    "zeros.csv.gz": (lambda p: p.write_bytes(gzip.compress(bytes(1 << 24))), "longer than 1 MiB"),
    "cut.npy": (lambda p: p.write_bytes(claiming((10**9, 48))), "not a .npy file of numbers"),
    "pickle.npy": (lambda p: p.write_bytes(pickled()), "not a .npy file of numbers"),
    "pickle.npz": (lambda p: zipped(p, "a.npy", pickled()), "Python objects"),
    "claim.npz": (lambda p: zipped(p, "a.npy", claiming((10**5, 48))), "cut short"),
    "large.npz": (lambda p: zipped(p, "a.npy", claiming((10**9, 48))), "larger than 1 GiB"),
    "other.zip": (lambda p: zipped(p, "a.txt", "1"), "zip archive without arrays"),
    "narrow.npy": (lambda p: np.save(p, EVENTS[:, :47]), "no columns for the 48 energies"),
    "wide.npy": (lambda p: np.save(p, np.zeros((3, 64))), "64 columns"),
    "cube.npy": (lambda p: np.save(p, np.zeros((3, 4, 4, 3))), "no columns for the 48 energies"),
    "empty.npy": (lambda p: np.save(p, EVENTS[:0]), "there are no rows"),
    "cut.parquet": (lambda p: p.write_bytes(b"PAR1" + bytes(40)), "not a Parquet file"),
    "cut.h5": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40)), "not a HDF5 file"),
    "cut.root": (lambda p: p.write_bytes(b"root" + bytes(400)), "ROOT"),
    "users.txt": (lambda p: p.write_text("root:x:0:0:root"), "no columns for the 48 energies"),
    "pipe.csv": (lambda p: os.mkfifo(p), "it is no regular file"),
    "trees.root": (lambda p: write_root(p, a={"x": LAYERS}, b={"x": LAYERS}), "holds a, b"),
    "index.csv": (lambda p: p.write_text("\n".join(indexed(NAMES).splitlines()[1:])), "an index"),
    "page.html": (lambda p: p.write_text("<html>"), "it is XML or HTML; give CSV"),
    "table.json": (lambda p: p.write_text("{}"), "it is JSON; give CSV"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_table_of_energies_is_one_line(tmp_path, name):
    write, part = BROKEN[name]
    path = tmp_path / name
    write(path)
    with pytest.raises(InputError) as caught:
        load_events(path)
    message = str(caught.value)
    assert part in message
    assert str(path) in message
    assert "\n" not in message


def test_a_library_that_is_not_there_is_named_with_how_to_get_it(tmp_path, monkeypatch):
    WRITERS["columns.parquet"](tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pyarrow, which is not installed: pip install 'hexcoder"):
        load_events(tmp_path / "a.parquet")


def test_what_a_library_warns_of_an_old_file_is_not_printed(tmp_path):
    # numpy reads the header that Python 2 wrote, and warns of it.
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (10L, 48L), }"
    header += b" " * (117 - len(header)) + b"\n"
    path = tmp_path / "old.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    weights = ROOT / "configs" / "weights" / "econ_t_linear" / "network.json"
    done = subprocess.run(
        [sys.executable, "-m", "models", "evaluate", str(weights), "--events", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "old.npy" in done.stderr
