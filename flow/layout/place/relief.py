"""Stronger cells, or buffers, where nets, as placed, are more than their drivers may drive.

A net beyond its limit gets one of the spare buffers that the placer has spread. Where these are too
far away, the placement is a survey: it says which stronger cells and which buffers it wants, the
netlist gets them, and it is placed anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from hexcoder.flow.layout.place.buffering import (
    Buffered,
    Load,
    Taken,
    buffered,
    half_perimeter,
    load_of,
    taken,
)

INPUT, OUTPUT = "i", "q"
"""Pins of a buffer."""

NEAR = 0.85
"""Part of a limit from which on a survey wants a buffer: the next placement is another one."""

_PLAIN = str.maketrans("()", "__")


class Overloaded(NamedTuple):
    """A net, how many times its limit it is, its driver's plug and what the net drives.

    An input port's net has no plug as its driver.
    """

    part: float
    net: Any
    driver: Any
    loads: list[Load]
    limit: float


class Wanted(TypedDict):
    """What a survey wants: instances and their cells, and buffers; in JSON tuples are lists."""

    stronger: Sequence[Sequence[str]]
    buffers: Sequence[Sequence[Any]]


class Relief:
    """The nets of a placed block.

    Parameters
    ----------
    cell : Hurricane's Cell
    clock : str
        The clock's port; its tree is the placer's.
    settings : dict
        ``inputs_ff``, ``limits_ff``, ``stronger``, ``buffer_limit_ff``, ``wire_ff_per_um``,
        ``buffer``.
    um : callable
        Length in um of one of Hurricane's.
    """

    def __init__(
        self, cell: Any, clock: str, settings: Mapping[str, Any], um: Callable[[Any], float]
    ):
        self.cell, self.clock, self.settings, self.um = cell, clock, settings, um
        self.length = 0.0

    def near_limit(self) -> list[Overloaded]:
        """Nets beyond :data:`NEAR` of their limit, the worst first; measures ``length``, the sum of
        all nets' half perimeters in um.
        """
        from coriolis.Hurricane import Net

        limits, per_um = self.settings["limits_ff"], self.settings["wire_ff_per_um"]
        found = []
        self.length = 0.0
        for net in self.cell.getNets():
            if net.isSupply() or net.isClock() or net.getName().startswith(f"{self.clock}_root"):
                continue
            driver, ends, loads = None, self._ports(net), self._ports(net)
            for plug in net.getPlugs():
                ends.append(self._load(plug))
                if plug.getMasterNet().getDirection() & Net.Direction.OUT:
                    driver = plug
                else:
                    loads.append(ends[-1])
            if len(ends) < 2:
                continue
            self.length += half_perimeter(ends)
            if driver is None:
                # What is outside of a port drives as much as the PDK's driving cell.
                limit = self.settings["port_limit_ff"] if net.isExternal() else None
                loads = [load for load in loads if load.instance]
            else:
                kind = driver.getInstance().getMasterCell().getName()
                limit = limits.get(kind, {}).get(driver.getMasterNet().getName())
            load = load_of(ends, per_um)
            if limit and load > NEAR * limit:
                found.append(Overloaded(load / limit, net, driver, loads, limit))
        return sorted(found, key=lambda one: -one.part)

    def _load(self, plug: Any) -> Load:
        instance, pin = plug.getInstance(), plug.getMasterNet().getName()
        centre = instance.getAbutmentBox().getCenter()
        farads = self.settings["inputs_ff"].get(instance.getMasterCell().getName(), {})
        at = self.um(centre.getX()), self.um(centre.getY())
        return Load(instance.getName(), pin, *at, farads.get(pin, 0.0))

    def _ports(self, net: Any) -> list[Load]:
        from coriolis.Hurricane import Pin

        centres = [
            part.getBoundingBox().getCenter()
            for part in net.getComponents()
            if isinstance(part, Pin)
        ]
        return [Load("", "", self.um(at.getX()), self.um(at.getY()), 0.0) for at in centres]

    def wanted(self, near: Iterable[Overloaded]) -> Wanted:
        """Cells and buffers for nets near to their limits or beyond them."""
        most, per_um = self.settings["buffer_limit_ff"], self.settings["wire_ff_per_um"]
        stronger: list[tuple[str, str]] = []
        buffers: list[Buffered] = []
        for one in near:
            sizes = self._stronger(one)
            enough = [cell for cell, limit in sizes if NEAR * limit >= one.part * one.limit]
            if sizes:
                # A weak one would not reach a buffer that is placed away from it.
                cell = enough[0] if enough else sizes[-1][0]
                stronger.append((one.driver.getInstance().getName(), cell))
            if enough:
                continue
            name = one.net.getName()
            buffer = buffered(name, one.loads, one.limit, NEAR * most, per_um)
            if buffer is not None:
                buffers.append(buffer)
        return {"stronger": stronger, "buffers": buffers}

    def _stronger(self, one: Overloaded) -> list[tuple[str, float]]:
        """Cells of the driver's function that may drive more, and how much, the weakest first."""
        if one.driver is None:
            return []
        kind, pin = one.driver.getInstance().getMasterCell().getName(), one.driver.getMasterNet()
        limits = self.settings["limits_ff"]
        cells = self.settings["stronger"].get(kind, ())
        return [(cell, limits[cell][pin.getName()]) for cell in cells]

    def insert(self, wanted: Wanted, first: int) -> int:
        """Change a netlist that is not placed; number of its buffers, counted from ``first``."""
        from coriolis import CRL
        from coriolis.helpers.overlay import UpdateSession
        from coriolis.Hurricane import Instance

        framework = CRL.AllianceFramework.get()
        with UpdateSession():
            for name, cell in wanted["stronger"]:
                master = framework.getCell(cell, CRL.Catalog.State.Views)
                weak = self.cell.getInstance(name)
                nets = {plug.getMasterNet().getName(): plug.getNet() for plug in weak.getPlugs()}
                # With setMasterCell the router still goes to the pins of the cell before.
                weak.destroy()
                strong = Instance.create(self.cell, name, master)
                for pin, net in nets.items():
                    if net is not None:
                        _plug(strong, pin).setNet(net)
        master = framework.getCell(self.settings["buffer"], CRL.Catalog.State.Views)
        number = first
        with UpdateSession():
            for one in wanted["buffers"]:
                name, groups, port = Buffered(*one)
                net = self.cell.getNet(name)
                source = net
                if port >= 0:
                    # The port keeps its net, which the driver leaves.
                    source = self._net(name, f"driven_{number}")
                    self._driver(net).setNet(source)
                for place, group in enumerate(groups):
                    behind = net if place == port else self._net(name, f"behind_{number}")
                    for instance, pin in group:
                        _plug(self.cell.getInstance(instance), pin).setNet(behind)
                    buffer = Instance.create(self.cell, f"relief_{number}", master)
                    _plug(buffer, INPUT).setNet(source)
                    _plug(buffer, OUTPUT).setNet(behind)
                    number += 1
        return number

    def _net(self, name: str, end: str) -> Any:
        from coriolis.Hurricane import Net

        return Net.create(self.cell, f"{name.translate(_PLAIN)}_{end}")

    def _driver(self, net: Any) -> Any:
        from coriolis.Hurricane import Net

        return next(
            plug
            for plug in net.getPlugs()
            if plug.getMasterNet().getDirection() & Net.Direction.OUT
        )

    def use_spares(self, near: Iterable[Overloaded], pools: Sequence[Any]) -> int:
        """Give loads of nets of a placed block to spare buffers near to them.

        A buffer that takes all that a net drives stands before it: the net keeps its name, so that
        ports stay as they are. Nets near to their limits get what those beyond them leave: wires
        come out longer than they are estimated. The number of nets beyond, for which no buffer is
        enough.
        """
        from coriolis.helpers.overlay import UpdateSession

        left = 0
        free = [(pool, self._spare(pool)) for pool in pools if pool.hasFree()]
        with UpdateSession():
            # A weak driver reaches few of them.
            for one in sorted(near, key=lambda one: (one.part <= 1, one.limit)):
                found = self._taken(one, [spare for _, spare in free])
                if found is None:
                    left += one.part > 1
                    continue
                pool, _ = free[found.buffer]
                pool.selectFree()
                self._put(one, pool.selecteds[-1], found.loads)
                pool.unselect()
                if not pool.hasFree():
                    del free[found.buffer]
        return left

    def _spare(self, pool: Any) -> Load:
        centre = pool.area.getCenter()
        farads = self.settings["inputs_ff"][self.settings["buffer"]][INPUT]
        return Load("", INPUT, self.um(centre.getX()), self.um(centre.getY()), farads)

    def _taken(self, one: Overloaded, spares: Sequence[Load]) -> Taken | None:
        """What a spare takes of a net: all that it drives, or some cells' inputs."""
        limits = one.limit, self.settings["buffer_limit_ff"]
        per_um = self.settings["wire_ff_per_um"]
        ports = self._ports(one.net)
        inputs = [load for load in one.loads if load.instance]
        if one.driver is None:
            return taken(ports, inputs, limits, spares, per_um)
        driver = [self._load(one.driver)._replace(farads=0.0)]
        found = taken([*driver, *ports], inputs, limits, spares, per_um)
        if found is None and ports:
            # Behind the buffer with the port.
            whole = taken(driver, one.loads, limits, spares, per_um)
            found = whole if whole is not None and len(whole.loads) == len(one.loads) else None
        return found

    def _put(self, one: Overloaded, buffer: Any, loads: Sequence[Load]) -> None:
        """A buffer between a net's driver and some of what it drives."""
        if len(loads) == len(one.loads) and one.driver is not None:
            near = self._net(one.net.getName(), "near")
            one.driver.setNet(near)
            _plug(buffer, INPUT).setNet(near)
            _plug(buffer, OUTPUT).setNet(one.net)
        else:
            far = self._net(one.net.getName(), "far")
            for load in loads:
                _plug(self.cell.getInstance(load.instance), load.pin).setNet(far)
            _plug(buffer, INPUT).setNet(one.net)
            _plug(buffer, OUTPUT).setNet(far)
        # Placement has made the net's ends, the driver among them. Routing makes them anew for
        # nets that have none, and would miss the buffer where some are left.
        for end in list(one.net.getRoutingPads()):
            end.destroy()


def _plug(instance: Any, pin: str) -> Any:
    return instance.getPlug(instance.getMasterCell().getNet(pin))
