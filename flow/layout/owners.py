"""Which part of the network a placed cell belongs to; layout keeps names of nets, not of cells."""

from hexcoder.flow.design import CORE
from hexcoder.flow.layout.wiring import BLANK, SUPPLIES, Wiring
from hexcoder.flow.synthesis.design import Design
from hexcoder.pdk.cells.worker import direction

CLOCK, FILLER = "clock tree", "filler"


def owners(design: Design, wiring: Wiring, clock: str = "clk") -> dict[str, str]:
    """Layer, or other part of the design, of each instance.

    Parameters
    ----------
    design : dict
        The netlist before layout, with its hierarchy, in yosys' JSON format.
    wiring : Wiring
    clock : str
        The clock's port, whose tree's nets begin with its name.
    """
    modules = design["modules"]
    prefixes: dict[str, str] = {}

    def visit(module: str, prefix: str, depth: int) -> None:
        for name, cell in modules[module]["cells"].items():
            if cell["type"] in modules:
                here = f"{prefix}{name}_"
                core = cell["type"] == CORE
                prefixes[here] = CORE if core else name
                if core and depth == 0:
                    visit(cell["type"], here, 1)

    visit(wiring.top, "", 0)
    order = sorted(prefixes, key=len, reverse=True)

    def of_net(net: str) -> str:
        if net == clock or net.startswith(f"{clock}_root"):
            return CLOCK
        return next((prefixes[prefix] for prefix in order if net.startswith(prefix)), wiring.top)

    nets: dict[str, tuple[bool, str]] = {}
    for net, pins in wiring.pins.items():
        for pin in pins:
            # What a cell drives tells where it belongs; an input does where that is a port.
            known = nets.get(pin.instance)
            drives = direction(pin.pin) == "out" and of_net(net) != wiring.top
            if pin.instance and net not in SUPPLIES and (known is None or drives):
                nets[pin.instance] = drives, net
    return {
        instance.name: FILLER
        if BLANK.match(instance.cell) or instance.name not in nets
        else of_net(nets[instance.name][1])
        for instance in wiring.instances
    }
