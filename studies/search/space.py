"""From a config's section [search] to the configs of its trials."""

import copy
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pydantic
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import JsonValue

from hexcoder.config import Config, Search, SearchDimension
from hexcoder.errors import InputError
from hexcoder.sections import reason, validated
from hexcoder.studies.record import Parameters

Tree: TypeAlias = dict[str, Any]
"""A config, or a part of one, as JSON."""

VARIANT = "variant"
IRRELEVANT = ("name", "pipeline", "verification", "clock", "silicon", "search")
"""Sections on which a trial's result does not depend."""
FIXED = (*IRRELEVANT, "data")
"""Sections in which no key is searched: they decide what is measured, or nothing of training."""


class Space:
    """What a search can choose, and the config of each choice.

    A parameter is drawn for every trial, also where the trial's variant lacks the key: the space
    is the same for all trials, as genetic and model-based samplers want it. Such a parameter is
    left out when the config is put together. ``source`` is the config's file, for messages.

    Attributes
    ----------
    distributions : dict of str to BaseDistribution
        By key; choices are JSON texts, because Optuna takes no lists.

    Raises
    ------
    InputError
        If the section is missing, a variant is no valid config, or a key or choice can be used in
        no variant.
    """

    def __init__(self, config: Config, source: str):
        if config.search is None:
            raise InputError(f"{source}: section 'search' is missing; docs/search.md has examples")
        self.search: Search = config.search
        self._source = source
        base = config.model_dump(mode="json", exclude={"search"})
        self._trees: dict[JsonValue, Tree] = {
            variant.name: self._variant(base, variant.name, variant.model_extra or {})
            for variant in self.search.variants
        } or {None: base}
        self._name = config.name
        for index, dimension in enumerate(self.search.space):
            self._check(index, dimension)
        self.distributions = {d.key: _distribution(d) for d in self.search.space}
        if self.search.variants:
            names = [json.dumps(variant.name) for variant in self.search.variants]
            self.distributions[VARIANT] = CategoricalDistribution(names)

    def _variant(self, base: Tree, name: str, changes: Tree) -> Tree:
        for section in changes:
            if section in FIXED:
                raise InputError(
                    f"{self._source}: key 'search.variants.{name}.{section}': a variant cannot "
                    f"change {section}; {_searchable(base)} can be changed"
                )
        config = _config(_merged(base, changes), f"{self._source}: search.variants.{name}")
        return config.model_dump(mode="json", exclude={"search"})

    def _check(self, index: int, dimension: SearchDimension) -> None:
        """Refuse a key that no variant has and values that the key cannot take anywhere."""
        where = f"{self._source}: key 'search.space.{index}.key' = '{dimension.key}'"
        first = dimension.key.split(".")[0]
        some = next(iter(self._trees.values()))
        if first in FIXED:
            raise InputError(f"{where}: {first} is not searched; {_searchable(some)} can be")
        trees = [tree for tree in self._trees.values() if _place(tree, dimension.key)]
        if not trees:
            raise InputError(
                f"{where}: no such key; {_nearest(self._trees.values(), dimension.key)}"
            )
        for value in dimension.choices or (dimension.low, dimension.high):
            problems = [_problem(tree, dimension.key, value) for tree in trees]
            if all(problems):
                raise InputError(f"{where}: {problems[0]}")

    def grid(self) -> list[Parameters]:
        """Every combination of all parameters, as Optuna keeps them.

        InputError if a parameter has no countable values.
        """
        values: dict[str, Sequence[JsonValue]] = {}
        for key, distribution in self.distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                values[key] = distribution.choices
            elif isinstance(distribution, IntDistribution) and not distribution.log:
                values[key] = range(distribution.low, distribution.high + 1, distribution.step)
            else:
                raise InputError(
                    f"{self._source}: key 'search.space.key' = '{key}': sampler 'grid' needs "
                    "choices, or whole numbers from low to high without log"
                )
        combinations = itertools.product(*values.values())
        return [dict(zip(values, combination, strict=True)) for combination in combinations]

    def parameters(self, drawn: Mapping[str, Any]) -> Parameters:
        """Of a trial's parameters as Optuna keeps them, those that count; ``variant`` first."""
        variant = json.loads(drawn[VARIANT]) if VARIANT in drawn else None
        tree = self._trees[variant]
        counted: Parameters = {} if variant is None else {VARIANT: variant}
        for key, value in drawn.items():
            if key != VARIANT and _place(tree, key):
                choice = isinstance(self.distributions[key], CategoricalDistribution)
                counted[key] = json.loads(value) if choice else value
        return counted

    def config(self, number: int, parameters: Parameters) -> Config:
        """Put a trial's config together: complete, and without a section ``search``.

        InputError if the parameters together make no valid config.
        """
        changes = dict(parameters)
        tree = copy.deepcopy(self._trees[changes.pop(VARIANT, None)])
        for key, value in changes.items():
            _set(tree, key, value)
        return _config(tree | {"name": f"{self._name}_{number:04d}"}, f"trial {number}")


def config_digest(config: Config) -> str:
    """SHA-256 of what a trial's result depends on: two trials with one digest are the same."""
    content = config.model_dump(mode="json", exclude={*IRRELEVANT})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _distribution(dimension: SearchDimension) -> BaseDistribution:
    if dimension.choices is not None:
        return CategoricalDistribution([json.dumps(choice) for choice in dimension.choices])
    low, high, step = dimension.low, dimension.high, dimension.step
    assert low is not None
    assert high is not None
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=dimension.log, step=int(step or 1))
    return FloatDistribution(low, high, log=dimension.log, step=step)


def _config(tree: Tree, source: str) -> Config:
    return validated(Config, tree, source)


def _merged(base: Tree, changes: Tree) -> Tree:
    """``base`` with the keys of ``changes`` in their place; lists are replaced whole."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _children(node: Any) -> Tree:
    """Return what stands below a node by name; layers by their names."""
    if isinstance(node, dict):
        return node
    if isinstance(node, list) and all(isinstance(item, dict) for item in node):
        names = (item.get("name") or f"{item.get('kind')}_{i}" for i, item in enumerate(node))
        return dict(zip(names, node, strict=True))
    return {}


def _place(tree: Tree, key: str) -> tuple[Tree, str] | None:
    """Find the table that holds a key, and its last part; None if there is none."""
    *path, last = key.split(".")
    node: Any = tree
    for part in path:
        node = _children(node).get(part)
    return (node, last) if isinstance(node, dict) and last in node else None


def _set(tree: Tree, key: str, value: JsonValue) -> None:
    place = _place(tree, key)
    assert place is not None
    place[0][place[1]] = value


def _problem(tree: Tree, key: str, value: JsonValue) -> str | None:
    """Say in one line why a key cannot take a value; None if it can, as far as it alone decides."""
    changed = copy.deepcopy(tree)
    _set(changed, key, value)
    try:
        Config.model_validate(changed)
    except pydantic.ValidationError as error:
        for details in error.errors():
            if key.split(".")[-1] in details["loc"]:
                return f"{value!r}: {reason(details)}"
    return None


def _searchable(tree: Tree) -> str:
    return ", ".join(name for name in tree if name not in FIXED)


def _nearest(trees: Iterable[Tree], key: str) -> str:
    """Name what stands where a key's path ends, in any of the variants."""
    names: dict[str, dict[str, None]] = {}
    for tree in trees:
        node, path = tree, ""
        for part in key.split("."):
            if part not in _children(node):
                break
            node, path = _children(node)[part], f"{path}.{part}".lstrip(".")
        children = [name for name in _children(node) if path or name not in FIXED]
        names.setdefault(path, {}).update(dict.fromkeys(children))
    deepest = max(names, key=len)
    return f"{deepest or 'a config'} has {', '.join(names[deepest]) or 'no keys'}"
