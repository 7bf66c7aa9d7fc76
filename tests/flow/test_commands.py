"""Summaries of the flow's commands."""

import pytest

from hexcoder.flow.commands.energy import power_and_energy

MEASURED = {
    "power__total": 2.0e-3, "power__glitch": 1.5e-3,
    "energy_per_event_pj": 50.0, "energy_per_event_with_glitches_pj": 87.5,
}  # fmt: skip


def test_power_and_energy_are_of_the_same_kind_with_glitches_first():
    assert power_and_energy(MEASURED) == (
        "power 3.500 mW, energy per event 87.5 pJ with glitches; 2.000 mW, 50.0 pJ without"
    )


def test_an_estimate_is_said_to_be_one():
    text = power_and_energy(MEASURED | {"glitches": {"is_estimate": True}})
    assert "87.5 pJ with glitches, an estimate;" in text


@pytest.mark.parametrize("key", ["power__glitch", "energy_per_event_with_glitches_pj"])
def test_what_was_not_measured_is_said_to_be_so(key):
    text = power_and_energy(MEASURED | {key: None})
    assert text.count("not measured") == 1
    assert text.endswith("; 2.000 mW, 50.0 pJ without")
