"""Logic of library cells for the netlist simulation, from the functions in the Liberty file."""

from hexcoder.netlist.flat import CellFile, CellModel, Register
from hexcoder.netlist.function import Function, Operator
from hexcoder.netlist.liberty import Cell, Library


def cell_models(library: Library) -> dict[str, object]:
    """Models as JSON in the form that :func:`hexcoder.netlist.flat.read_cell_models` reads.

    Latches, clock gates, three-state and asynchronously set or cleared cells are left out: the
    simulation has no model of them, and the flow does not use them.
    """
    return CellFile(library=library.name, cells=models_of(library)).model_dump()


def models_of(library: Library) -> dict[str, CellModel]:
    """The same models, by cell."""
    return {name: _model(cell) for name, cell in sorted(library.cells.items()) if _has_model(cell)}


def _has_model(cell: Cell) -> bool:
    outputs = [pin for pin in cell.pins.values() if pin.direction == "output"]
    usable = all(pin.function is not None and not pin.three_state for pin in outputs)
    register = cell.flip_flop
    return (
        bool(outputs)
        and usable
        and not cell.other_state
        and not (register and register.asynchronous)
    )


def _model(cell: Cell) -> CellModel:
    inputs = tuple(name for name, pin in cell.pins.items() if pin.direction == "input")
    outputs = {name: pin.function for name, pin in cell.pins.items() if pin.function is not None}
    flop = cell.flip_flop
    if flop is None:
        return CellModel(inputs, outputs, None)
    state = Function(Operator.NOT, (Function.input(flop.state),))
    outputs = {
        pin: function.substitute({flop.inverted_state: state}) for pin, function in outputs.items()
    }
    return CellModel(inputs, outputs, Register(flop.clocked_on, flop.state, flop.next_state))
