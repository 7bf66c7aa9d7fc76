"""What the drivers of nets have to charge."""

import numpy as np

from hexcoder.netlist.flat import FlatNetlist
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.description import Pdk


def net_loads(
    flat: FlatNetlist,
    library: Library,
    pdk: Pdk,
    wire_load: str | None,
    wires_f: np.ndarray | None = None,
) -> np.ndarray:
    """Capacitance of each net in F: input pins, wire, and the load at an output port.

    The wire is estimated by the wire-load model, or, by net, known from the layout.
    """
    pins = np.zeros(len(flat.nets))
    fanout = np.zeros(len(flat.nets), np.int64)
    for instance in flat.instances:
        for pin, net in instance.pins.items():
            described = library.cells[instance.kind].pins[pin]
            if described.direction == "input":
                pins[net] += described.capacitance_f
                fanout[net] += 1
    for port, nets in flat.ports.items():
        if port not in flat.inputs:
            pins[nets] += pdk.output_load_ff * 1e-15
            fanout[nets] += 1
    if wires_f is not None:
        pins += wires_f
    elif wire_load:
        model = library.wire_loads[wire_load]
        pins += np.array([model.capacitance_f(int(count)) for count in fanout])
    return pins


def overloaded(netlist: FlatNetlist, library: Library, loads: np.ndarray) -> list[str]:
    """Pins that drive more than their ``max_capacitance``, the most overloaded first.

    Parameters
    ----------
    loads : float array (nets,)
        Capacitance of each net in F.
    """
    found = []
    for instance in netlist.instances:
        for name, net in instance.pins.items():
            pin = library.cells[instance.kind].pins[name]
            limit = pin.max_capacitance_f
            if pin.direction == "output" and limit and loads[net] > limit:
                found.append((loads[net] / limit, f"{instance.path}/{name}"))
    return [pin for _, pin in sorted(found, reverse=True)]
