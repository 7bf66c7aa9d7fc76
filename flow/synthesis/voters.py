"""Voters of triplicated registers as a cell of the library.

ABC matches a library's gates to functions of as many inputs: it does not see that an
and-or-invert gate of three pairs, each input of the voter on two pins, is a minority gate.
"""

from hexcoder.flow.synthesis.design import Design
from hexcoder.hw.triplication.register_copies import MINORITY
from hexcoder.pdk.description import VoterCell


def keep_voters(design: Design) -> None:
    """Keep voters through flattening, in place, for :func:`map_voters`."""
    if MINORITY in design["modules"]:
        design["modules"][MINORITY]["attributes"]["keep_hierarchy"] = "1"


def map_voters(design: Design, cell: VoterCell) -> None:
    """Replace voters by a library cell, in place.

    Parameters
    ----------
    design : dict
        yosys' JSON, with the voters as modules.
    cell : VoterCell
    """
    if design["modules"].pop(MINORITY, None) is None:
        return
    directions = {pin: "input" for pins in cell.inputs for pin in pins} | {cell.output: "output"}
    for module in design["modules"].values():
        for voter in module["cells"].values():
            if voter["type"] != MINORITY:
                continue
            nets = voter["connections"]
            voter["type"] = cell.cell
            voter["port_directions"] = directions
            voter["connections"] = {cell.output: nets["y"]} | {
                pin: nets[operand]
                for operand, pins in zip("abc", cell.inputs, strict=True)
                for pin in pins
            }
