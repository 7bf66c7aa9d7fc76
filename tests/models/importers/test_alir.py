"""alkaid's programs against alkaid's own interpreter."""

import copy
import json

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from tests.models.importers.test_zoo import ZOO

WEIGHTS = np.random.default_rng(1).integers(-8, 8, (6, 5)) / 4
PROGRAMS = {
    "dense": lambda v: (v @ WEIGHTS).relu().quantize(*np.array([[0] * 5, [3] * 5, [1] * 5])),
    "saturation": lambda v: (v @ WEIGHTS).quantize(
        *np.array([[1] * 5, [2] * 5, [1] * 5]), overflow_mode="SAT", round_mode="RND"
    ),
    "maximum": lambda v: np.maximum(v[:3], v[3:]),
    "magnitude": lambda v: np.abs(v @ WEIGHTS),
    "greatest": np.max,
    "product": lambda v: (v[:3] * v[3:]) @ WEIGHTS[:3],
    "and": lambda v: v[:3] & v[3:],
    "or": lambda v: v[:3] | v[3:],
    "xor": lambda v: v[:3] ^ v[3:],
    "not": lambda v: ~v,
    "table": lambda v: np.sin(v).quantize(*np.array([[1] * 6, [0] * 6, [7] * 6])),
    "residual": lambda v: (v @ WEIGHTS[:, :3]).relu() + v[:3] + 0.5,
}


def _program(name, path):
    """alkaid's program of a function, in a file."""
    alkaid = pytest.importorskip("alkaid.trace")
    types = np.array([[1] * 6, [1] * 6, [3] * 6])
    hardware = alkaid.HWConfig(1, -1, -1)
    x = alkaid.FVArrayInput((6,), solver_options={}, hwconf=hardware).quantize(*types)
    program = alkaid.trace(x, PROGRAMS[name](x))
    program.save(path)
    return program


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_alkaid_gives(tmp_path, name):
    path = tmp_path / "program.json"
    program = _program(name, path)
    network = import_model(path)
    # Beyond the types: inputs wrap.
    inputs = np.floor(np.random.default_rng(2).uniform(-5, 5, (60, 6)) * 8) / 8
    found = to_reals(network, evaluate(network, to_integers(network, inputs)))
    expected = np.array([[float(one) for one in program(row)] for row in inputs])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not ZOO.is_dir(), reason="the models of others are not part of the project")
@pytest.mark.parametrize("name", ["hgq_jsc_openml_758", "hgq_jsc_cernbox_7498"])
def test_a_program_of_others_answers_as_its_model_does(name):
    arrays = np.load(ZOO / "golden" / f"{name}.npz")
    network = import_model(ZOO / "golden" / f"{name}_alkaid.json")
    found = to_reals(network, evaluate(network, to_integers(network, arrays["inputs"])))
    np.testing.assert_array_equal(found, arrays["outputs"])


def _row(program):
    return program["model"][5][-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(spec_version=3), "'spec_version' = 3: 4 is read"),
        (lambda p: p.update(model=p["model"][:5]), "'model' must be a list of 8 or 9 parts"),
        (lambda p: p["model"].__setitem__(0, [6, 99]), "its shape does not fit"),
        (lambda p: p["model"].__setitem__(5, []), r"'model'\[5\] must be a list"),
        (lambda p: _row(p).__setitem__(0, [10**6]), "must lie before it"),
        (lambda p: _row(p).__setitem__(1, 77), "code 77 is not known"),
        (lambda p: _row(p).__setitem__(0, []), "needs more operands"),
        (lambda p: _row(p).__setitem__(3, [0, 1, 0]), "interval"),
        (lambda p: _row(p).__setitem__(3, [0, 0.75, 0.3]), "no power of two"),
        (lambda p: _row(p).__setitem__(3, [0, float("inf"), 1]), "an interval"),
        (lambda p: _row(p).__setitem__(2, [1 << 63]), "62 bits"),
        (lambda p: p["model"].__setitem__(2, [10**6] * 5), "output 1000000 is no operation"),
        (lambda p: p["model"][5][0].__setitem__(2, [99]), "input 99; there are 6"),
    ],
)
def test_a_broken_program_is_one_line(tmp_path, change, message):
    path = tmp_path / "program.json"
    _program("dense", path)
    program = copy.deepcopy(json.loads(path.read_text()))
    change(program)
    path.write_text(json.dumps(program))
    with pytest.raises(InputError, match=message) as raised:
        import_model(path)
    assert "\n" not in str(raised.value)
