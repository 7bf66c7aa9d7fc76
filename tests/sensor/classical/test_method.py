"""Classical methods against an encoder of strings, written from docs/classical.md."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hexcoder.errors import InputError
from hexcoder.sensor.baselines import best_choice, super_trigger_cells
from hexcoder.sensor.classical.method import Classical, energies_of, frames_of, save_classical
from hexcoder.sensor.encoders import load_encoder, plain_fractions
from hexcoder.sensor.front_end import float_code, float_value
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import coarse_groups

BEST = Classical(name="best", method="best_choice", kept=13)
FEW = Classical(name="few", method="threshold", kept=5, threshold_adc=40)
SUMS = Classical(name="sums", method="super_trigger_cells")
METHODS = [BEST, FEW, SUMS]


def plain_float(value: int, exponent_bits: int, mantissa_bits: int) -> str:
    width = exponent_bits + mantissa_bits
    if value < 1 << mantissa_bits:
        return format(value, f"0{width}b")
    exponent = value.bit_length() - mantissa_bits
    if exponent >= 1 << exponent_bits:
        return "1" * width
    below = format(value, "b")[1 : 1 + mantissa_bits]
    return format(exponent, f"0{exponent_bits}b") + below


def plain_frame(method: Classical, event: list[int]) -> str:
    if method.method == "super_trigger_cells":
        text = ""
        for group in coarse_groups().tolist():
            energies = [event[cell] for cell in group]
            text += plain_float(sum(energies), 5, 4)
            text += format(energies.index(max(energies)), "02b")
        return text
    cells = range(48)
    if method.method == "threshold":
        chosen = [cell for cell in cells if event[cell] >= method.threshold_adc][: method.kept]
    else:
        ranked = sorted(cells, key=lambda cell: (-int(plain_float(event[cell], 4, 3), 2), cell))
        chosen = sorted(ranked[: method.kept])
    text = plain_float(sum(event), 5, 4) + "".join("01"[cell in chosen] for cell in cells)
    text += "".join(plain_float(event[cell], 4, 3) for cell in chosen)
    return text.ljust(method.frame_bits, "0")


def text_of(frame: np.ndarray) -> str:
    return "".join(map(str, frame))


EVENTS = st.lists(
    st.one_of(st.integers(0, 20), st.integers(0, 3000), st.integers(0, (1 << 22) - 1)),
    min_size=48,
    max_size=48,
)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.method)
@settings(max_examples=60, deadline=None)
@given(event=EVENTS)
def test_frames_bit_by_bit(method, event):
    (frame,) = frames_of(method, np.array([event]))
    assert len(frame) == method.frame_bits
    assert text_of(frame) == plain_frame(method, event)


def test_codes_stand_for_their_middle():
    values = np.arange(1 << 18)
    codes = float_code(values, 4, 3)
    for code in range(128):
        its = values[codes == code]
        assert float_value(np.array(code), 4, 3) == (its[0] + its[-1]) / 2
    assert (float_code(np.array([1 << 18, (1 << 22) - 1]), 4, 3) == 127).all()


@pytest.mark.parametrize(("method", "exact"), [(BEST, best_choice), (SUMS, super_trigger_cells)])
def test_what_comes_back_is_near_what_the_method_keeps(method, exact):
    events = generate_events(300, seed=4)
    kept = exact(events, 13) if method is BEST else exact(events)
    found = energies_of(method, frames_of(method, events))
    # Truncated mantissas of 3 or 4 bits: the middle is off by a sixteenth at most.
    both = (found > 0) & (kept > 0)
    assert both.sum() > 0.95 * (kept > 0).sum()
    assert (np.abs(found - kept)[both] <= kept[both] / 16 + 0.5).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.method)
def test_any_bits_have_an_answer(method):
    frames = np.random.default_rng(5).integers(0, 2, (400, method.frame_bits))
    energies = energies_of(method, frames)
    assert np.isfinite(energies).all()
    assert energies.min() >= 0
    assert (energies == energies_of(method, frames)).all()
    fractions = plain_fractions(method, frames)
    assert np.allclose(fractions.sum(axis=1)[energies.any(axis=1)], 1)


def test_empty_events_come_back_empty():
    for method in METHODS:
        frames = frames_of(method, np.zeros((1, 48), dtype=np.int64))
        assert plain_fractions(method, frames).sum() == 0
        assert frames_of(method, np.zeros((0, 48), dtype=np.int64)).shape == (0, method.frame_bits)


def test_a_method_is_read_as_it_was_written(tmp_path):
    for method in METHODS:
        save_classical(method, tmp_path / "network.json")
        assert load_encoder(tmp_path / "network.json") == method


@pytest.mark.parametrize(
    "values",
    [
        {"method": "best_choice"},
        {"method": "best_choice", "kept": 49},
        {"method": "best_choice", "kept": 4, "threshold_adc": 3},
        {"method": "threshold", "kept": 4},
        {"method": "super_trigger_cells", "kept": 4},
        {"method": "sort"},
    ],
)
def test_what_a_method_lacks_or_has_no_use_for(values, tmp_path):
    with pytest.raises(ValidationError):
        Classical.model_validate({"name": "x", **values})
    path = tmp_path / "network.json"
    path.write_text(str({"format": "hexcoder-classical", "name": "x", **values}).replace("'", '"'))
    with pytest.raises(InputError, match=r"network\.json"):
        load_encoder(path)
