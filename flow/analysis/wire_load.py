"""Which wire-load model estimates nets that are not placed."""

from hexcoder.errors import InputError
from hexcoder.netlist.liberty import Library


def wire_load_name(library: Library, wanted: str | None) -> str | None:
    """Wire-load model in use: the one asked for, else the Liberty file's default, or None.

    Raises
    ------
    InputError
        If the library has no such model.
    """
    if wanted is not None and wanted not in library.wire_loads:
        known = ", ".join(library.wire_loads) or "none"
        raise InputError(f"silicon.wire_load '{wanted}' is not in {library.name}; it has {known}")
    return wanted or library.default_wire_load
