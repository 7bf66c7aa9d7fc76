"""Sections: numbers are numbers, and messages speak of the file."""

from typing import Literal

import pytest
from pydantic import Field, PositiveInt

from hexcoder.errors import InputError
from hexcoder.sections import MOST, Section, validated


class Inner(Section):
    count: PositiveInt = 1
    share: float = 0.5
    on: bool = False
    name: str = Field(default="a", max_length=8)
    way: Literal["up", "down"] = "up"
    stages: int | Literal["auto"] | None = None
    pairs: tuple[tuple[int, int], ...] = ()


class Outer(Section):
    inner: Inner
    many: tuple[Inner, ...] = ()


def line(**values):
    with pytest.raises(InputError) as caught:
        validated(Outer, {"inner": values}, "file")
    return str(caught.value).removeprefix("file: ")


def test_numbers_and_lists_are_read_as_json_and_toml_have_them():
    values = {"count": 3, "share": 1, "on": True, "pairs": [[1, 2]], "stages": "auto"}
    found = validated(Outer, {"inner": values, "many": [{}]}, "file")
    assert found.inner.share == 1.0
    assert found.inner.pairs == ((1, 2),)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("count", "1", "= '1': it must be an integer"),
        ("count", True, "= True: it must be an integer"),
        ("count", 1.5, "= 1.5: it must be an integer"),
        ("count", 0, "= 0: it must be greater than 0"),
        ("count", MOST + 1, f"it must be less than or equal to {MOST}"),
        ("share", "0.5", "= '0.5': it must be a number"),
        ("share", float("nan"), "= nan: it must be a finite number"),
        ("share", float("inf"), "= inf: it must be a finite number"),
        ("on", 1, "= 1: it must be true or false"),
        ("name", 7, "= 7: it must be a text"),
        ("name", "a" * 9, "it must have at most 8 characters"),
        ("way", "left", "= 'left': it must be 'up' or 'down'"),
        ("stages", "some", "= 'some': it must be an integer, or 'auto'"),
        ("pairs", 3, "= 3: it must be a list"),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_file(key, value, reason):
    said = line(**{key: value})
    assert said.startswith(f"key 'inner.{key}'")
    assert said.endswith(reason)


def test_a_key_that_is_not_known_is_told_with_the_one_that_is_meant():
    assert line(cuont=1) == "key 'inner.cuont' is not known here; did you mean 'count'?"


def test_places_in_lists_are_counted():
    with pytest.raises(InputError, match=r"file: key 'many\.1\.count' = '2': it must be"):
        validated(Outer, {"inner": {}, "many": [{}, {"count": "2"}]}, "file")
    with pytest.raises(InputError, match=r"file: key 'inner' is missing"):
        validated(Outer, {}, "file")
