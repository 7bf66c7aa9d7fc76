"""Classes of what a campaign flips."""

from __future__ import annotations

from enum import Enum


class Target(Enum):
    """Class of what is flipped: registers, or nets for one clock."""

    SETTINGS = "settings"
    PIPELINE = "pipeline"
    CONTROL = "control"
    I2C = "I2C"
    VOTER = "voter (transient)"
    GATE = "control gate (transient)"

    @property
    def is_transient(self) -> bool:
        """Whether it is a net, which is wrong for one clock, and no register."""
        return self in (Target.VOTER, Target.GATE)


def register_class(path: str) -> Target:
    """Class of a register by its path in the chip."""
    part = path.split("/", 1)[0]
    if part.startswith("i2c_target"):
        return Target.I2C
    if part.startswith(("bank", "active_")):
        return Target.SETTINGS
    if "_stage" in part:
        return Target.PIPELINE
    return Target.CONTROL
