"""Which layer a cell belongs to."""

from collections.abc import Callable

from hexcoder.flow.design import CORE
from hexcoder.flow.synthesis.design import Design


def layer_finder(design: Design, top: str) -> Callable[[str], str]:
    """Return the function that names the layer of an instance path.

    A cell in an instance that stands directly in ``encoder_core`` or in the top module belongs to
    that instance: a layer or a part of the front end. What stands in these modules themselves, such
    as the registers between layers, belongs to ``encoder_core`` or ``encoder``.

    Parameters
    ----------
    design : dict
        The netlist in yosys' JSON format.
    top : str
    """
    cells = design["modules"][top]["cells"]
    core = next((name for name, cell in cells.items() if cell["type"] == CORE), None)

    def layer_of(path: str) -> str:
        parts, module = path.split("/"), top
        if core is not None and parts[0] == core:
            parts, module = parts[1:], CORE
        return parts[0] if len(parts) > 1 else module

    return layer_of
