"""Reading and writing of event files, and what bad ones are told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hexcoder.errors import InputError
from hexcoder.sensor.events import MAX_ENERGY, load_events, read_events, write_events

NAMES = [f"CALQ_{tc}" for tc in range(48)]
ROW = [3 * tc for tc in range(48)]


def line(values=ROW):
    return ",".join(map(str, values))


def replaced(column, value):
    return [*ROW[:column], value, *ROW[column + 1 :]]


@pytest.fixture
def write(tmp_path):
    def write_text(content):
        path = tmp_path / "events.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_text


def refusal(path):
    with pytest.raises(InputError) as caught:
        load_events(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message.removeprefix(str(path))


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 9), st.just(48)), elements=st.integers(0, MAX_ENERGY))
)
def test_written_events_are_read_again(tmp_path_factory, events):
    path = tmp_path_factory.mktemp("events") / "events.csv"
    write_events(path, events)
    np.testing.assert_array_equal(load_events(path), events)


def test_headerless_rows_may_have_more_columns_behind(write):
    path = write(f"{line()},1.5,EE,nan\n{line(ROW[::-1])},2.5,EH,\n")
    assert load_events(path).tolist() == [ROW, ROW[::-1]]


def test_header_may_name_the_columns_in_any_order_among_others(write):
    order = np.random.default_rng(2).permutation(48)
    header = ["", "SimEnergyTotal", *(NAMES[tc] for tc in order), "ModType"]
    path = write(f"{line(header)}\n0,17.25,{line([ROW[tc] for tc in order])},HD\n")
    assert load_events(path).tolist() == [ROW]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + line().encode() + b"\n",
        line().encode() + b"\r\n\r\n  \r\n",
        b"\n\n" + line().encode(),
        ", ".join(f" {value}" for value in ROW).encode(),
        line([f"{value}.0" for value in ROW]).encode(),
        line([f'"{value}"' for value in ROW]).encode(),
        b"\xef\xbb\xbf" + line(NAMES).encode() + b"\r\n" + line().encode(),
    ],
    ids=["mark", "blank end", "blank start", "spaces", "decimals", "quotes", "marked header"],
)
def test_harmless_variants_of_the_text_are_read(write, content):
    assert load_events(write(content)).tolist() == [ROW]


def test_chunks_hold_all_events_in_order_and_none_is_larger_than_asked(write):
    events = 7 + np.arange(7 * 48).reshape(7, 48)
    path = write("\n".join(line(event) for event in events))
    chunks = list(read_events(path, chunk_events=3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(chunks), events)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("-3", "is negative"),
        ("x", "is not a number"),
        ("", "is not a number"),
        ("1_000", "is not a number"),
        ("12.5", "is not an integer"),
        ("nan", "is not finite"),
        ("-inf", "is not finite"),
        ("4194304", "is larger than 22 bits"),
        ("1e999", "is larger than 22 bits"),
        ("\0", "is not a number"),
    ],
)
def test_a_bad_cell_is_named_with_line_column_value_and_what_is_valid(write, value, problem):
    rows = f"{line()}\n\n{line(replaced(17, value))}\n{line()}\n"
    assert refusal(write(rows)).startswith(f": line 3, column 17: {value!r} {problem}; ")
    named = refusal(write(f"{line(NAMES)}\n{rows}"))
    assert named.startswith(f": line 4, column CALQ_17: {value!r} {problem}; ")
    assert named.endswith("an energy is an integer from 0 to 4194303")


def test_a_bad_cell_in_a_later_chunk_has_the_line_of_the_file(write):
    path = write("\n".join([line()] * 7 + [line(replaced(0, "?"))]))
    with pytest.raises(InputError, match="line 8, column 0: '\\?'"):
        list(read_events(path, chunk_events=3))


def test_the_largest_energy_is_read(write):
    assert load_events(write(line(replaced(4, MAX_ENERGY))))[0, 4] == MAX_ENERGY


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "the file is empty"),
        (b"\n \n\r\n", "the file is empty"),
        (line(NAMES) + "\n\n", "no rows"),
        (line(ROW[:47]), "line 1 has 47 columns, none for column 47"),
        (line(NAMES) + "\n" + line() + "\n" + line(ROW[:20]), "line 3 has 20 columns"),
        (line(NAMES[:-1]), "the header lacks CALQ_47"),
        (line([*NAMES, "CALQ_5"]), "the header has more than one CALQ_5"),
        (
            "a,b,c\n1,2,3\n",
            "which has 'a', 'b', 'c'; give CALQ_0 to CALQ_47, or rows",
        ),
        ("|".join(map(str, ROW)), "no columns for the 48 energies"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "it is a picture; give CSV"),
        (b"\x80\x04K\x01.", "a Python pickle, which may run code"),
        (b"\xe9\n", "line 1: byte 0xe9 at position 0 is not UTF-8"),
        (line().encode() + b"\n\xff" + line().encode(), "line 2: byte 0xff at position 0"),
        (b"1" * (1 << 21), "longer than 1 MiB"),
    ],
)
def test_a_file_that_is_no_event_file_is_refused(write, content, part):
    assert part in refusal(write(content))


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "absent.csv")
    assert "no file of events in this folder; give CSV" in refusal(tmp_path)


@pytest.mark.parametrize(
    "events",
    [np.zeros((2, 47), int), np.full((1, 48), -1), np.full((1, 48), 1 << 22), np.zeros((1, 48))],
    ids=["shape", "negative", "too large", "float"],
)
def test_events_that_could_not_be_read_again_are_not_written(tmp_path, events):
    with pytest.raises(ValueError, match=r"shape \(n, 48\)|from 0 to 4194303"):
        write_events(tmp_path / "events.csv", events)
    assert not (tmp_path / "events.csv").exists()
