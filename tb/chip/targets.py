"""What a campaign flips, by class: registers, and nets of a triplicated chip for a clock."""

import re
from collections.abc import Mapping
from enum import Enum

from hexcoder.netlist.flat import CellModel, FlatNetlist, nets_behind_registers

CONTROL_PARTS = ("i2c_target", "control", "commit_wave", "bunch_counter", "bank")
"""Parts whose logic is built three times, besides what stands between parts."""


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


def transient_nets(netlist: FlatNetlist, models: Mapping[str, CellModel]) -> dict[int, Target]:
    """What voters drive, and what gates of control drive; nothing where there are no voters."""
    voters = voter_nets(netlist, models)
    if not voters:
        return {}
    gates = dict.fromkeys(control_nets(netlist, models), Target.GATE)
    return gates | dict.fromkeys(voters, Target.VOTER)


def control_nets(netlist: FlatNetlist, models: Mapping[str, CellModel]) -> list[int]:
    """Nets that gates of control drive, outside of registers' copies.

    What depends on the module's inputs alone is left out: a transient there is one on an input,
    such as the reset.
    """
    behind, found = nets_behind_registers(netlist, models), []
    for instance in netlist.instances:
        model = models[instance.kind]
        part, _, rest = instance.path.partition("/")
        is_control = not rest or _is_control(part)
        if model.register is None and is_control and _voting_part(instance.path) is None:
            found += [net for net in instance.nets(model.outputs) if net in behind]
    return found


def _is_control(part: str) -> bool:
    return re.fullmatch(rf"({'|'.join(CONTROL_PARTS)})(_\d+)?", part) is not None


def voter_nets(netlist: FlatNetlist, models: Mapping[str, CellModel]) -> list[int]:
    """Nets that voters drive: what leaves the modules that triplication makes, and votes.

    A voter's net has the name of the register that it stands for, or of one of its copies.
    """
    made_in: dict[int, str] = {}
    for instance in netlist.instances:
        part = _voting_part(instance.path)
        if part and models[instance.kind].register is None:
            for pin in models[instance.kind].outputs:
                if pin in instance.pins:
                    made_in[instance.pins[pin]] = part
    read_outside = set()
    for instance in netlist.instances:
        for pin in models[instance.kind].inputs:
            net = instance.pins.get(pin)
            if net in made_in and not instance.path.startswith(f"{made_in[net]}/"):
                read_outside.add(net)
    return [
        net
        for net in made_in
        if "differs" not in netlist.nets[net]
        and (net in read_outside or "_voted_" in netlist.nets[net])
    ]


def _voting_part(path: str) -> str | None:
    """Path of the copy or voter that an instance stands in."""
    parts = path.split("/")
    for depth, name in enumerate(parts[:-1], start=1):
        if re.search(r"(_voter|_copy_\d_register)(_\d+)?$", name):
            return "/".join(parts[:depth])
    return None
