"""JSON, TOML, YAML and locks: what is read, and what is refused in a line."""

import pytest

from hexcoder.documents import read_json, read_toml, read_yaml
from hexcoder.errors import InputError, one_line
from hexcoder.files import locked
from hexcoder.steps.runner import exclusive

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
)


def read(tmp_path, form, content):
    path = tmp_path / f"file.{form}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if form == "json":
        return read_json(path)
    return read_toml(path, "a file") if form == "toml" else read_yaml(path, "a file")


@pytest.mark.parametrize(
    ("form", "content"),
    [("json", b'\xef\xbb\xbf{"a": [1, 2]}'), ("toml", b"\xef\xbb\xbfa = [1, 2]\r\n"),
     ("yaml", b"\xef\xbb\xbfa: &x [1, 2]\nb: *x\n")],
)  # fmt: skip
def test_a_byte_order_mark_does_not_matter(tmp_path, form, content):
    assert read(tmp_path, form, content)["a"] == [1, 2]


def test_a_date_in_yaml_is_a_text(tmp_path):
    assert read(tmp_path, "yaml", "a: 2001-99-99") == {"a": "2001-99-99"}


@pytest.mark.parametrize(
    ("form", "content", "part"),
    [
        ("json", "[" * 100_000, "nested more than 100 levels"),
        ("json", "[" * 200 + "]" * 200, "nested more than 100 levels"),
        ("json", "1" * 5000, "an integer of thousands of digits"),
        ("json", '{"a": 1, "a": 2}', "key 'a' is given twice"),
        ("json", '{"b": {"a": 1, "a": 2}}', "key 'a' is given twice"),
        ("json", b'{"a": "\xe9"}', "line 1: byte 0xe9 is not UTF-8"),
        ("json", "{", "not valid JSON"),
        ("toml", "a = " + "[" * 5000, "nested more than 100 levels"),
        ("toml", "a = " + "1" * 5000, "an integer of thousands of digits"),
        ("toml", "a = 1\na = 2", "not valid TOML"),
        ("toml", "a = 2001-99-99", "not valid TOML"),
        ("yaml", BOMB, "its aliases stand for more than 200000 values"),
        ("yaml", "a: &a [*a]", "an alias stands inside of itself"),
        ("yaml", "a: 1\na: 2", "line 2: key 'a' twice"),
        ("yaml", "x: !!timestamp abc", "tag !!timestamp is not read"),
        ("yaml", "x: !!python/name:os.system", "is not read"),
        ("yaml", "x: !!bool maybe", "a value that its tag does not fit"),
        ("yaml", "x: !!int ''", "a value that its tag does not fit"),
        ("yaml", "? [a]\n: 1", "a key must be a text or number"),
        ("yaml", "[" * 3000, "not valid YAML"),
        ("yaml", "a" * (2 << 20), "larger than 1 MiB"),
    ],
)
def test_what_is_not_read_is_one_line(tmp_path, form, content, part):
    with pytest.raises(InputError) as caught:
        read(tmp_path, form, content)
    line = one_line(caught.value)
    assert part in line
    assert f"file.{form}: " in line
    assert line.isprintable()


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path, part in ((tmp_path / "none.json", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=part):
            read_json(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("é and ∞ stay", "é and ∞ stay"),
        ("\udcff", "\\udcff"),
    ],
)
def test_a_message_is_one_printable_line(text, line):
    assert one_line(text) == line


def test_a_long_message_loses_its_middle():
    line = one_line("begins " + "\n" * 100_000 + " ends")
    assert len(line) <= 500
    assert line.startswith("begins ")
    assert line.endswith(" ends")


def test_a_lock_keeps_what_is_in_its_file_and_follows_no_link(tmp_path):
    (tmp_path / "lock").write_text("kept")
    with locked(tmp_path / "lock", wait=False):
        assert (tmp_path / "lock").read_text() == "kept"
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / ".lock").symlink_to(tmp_path / "mine")
    with (
        pytest.raises(InputError, match=r"\.lock: cannot be locked"),
        exclusive(tmp_path / "build"),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "mine"
