import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_formats.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_the_docs_have_the_tables_that_the_script_writes(script):
    text = script["DOCS"].read_text(encoding="utf-8")
    assert script["written"](text) == text


def test_an_edited_table_is_noticed(script):
    text = script["DOCS"].read_text(encoding="utf-8")
    edited = text.replace("| `power__glitch` |", "| `power__glitches` |")
    assert edited != text
    assert script["written"](edited) == text


def test_every_key_says_what_it_is(script):
    for file in script["FILES"].values():
        for row in script["table"](file).splitlines()[2:]:
            assert not row.endswith("|  |"), row


def test_a_page_without_the_place_of_a_table_is_refused(script):
    with pytest.raises(ValueError, match="0 places for the table 'asic'"):
        script["written"]("# Files")
