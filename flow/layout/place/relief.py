"""Buffers behind drivers whose nets, as placed, are more than they may drive.

A survey places the netlist and says which buffers it wants; these are inserted before it is placed
anew. What is then still beyond its limit gets one of the spare buffers that the placer has spread.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hexcoder.flow.layout.place.buffering import Buffered, Load, buffered, half_perimeter, load_of

INPUT, OUTPUT = "i", "q"
"""Pins of a buffer."""

NEAR = 0.85
"""Part of a limit from which on a survey wants a buffer: the next placement is another one."""

_PLAIN = str.maketrans("()", "__")


class Overloaded(NamedTuple):
    """A net, how many times its limit it is, its driver's plug and what the net drives."""

    part: float
    net: Any
    driver: Any
    loads: list[Load]
    limit: float


class Relief:
    """The nets of a placed block.

    Parameters
    ----------
    cell : Hurricane's Cell
    clock : str
        The clock's port; its tree is the placer's.
    settings : dict
        ``inputs_ff``, ``limits_ff``, ``buffer_limit_ff``, ``wire_ff_per_um``, ``buffer``.
    um : callable
        Length in um of one of Hurricane's.
    """

    def __init__(self, cell: Any, clock: str, settings: dict[str, Any], um: Callable[[Any], float]):
        self.cell, self.clock, self.settings, self.um = cell, clock, settings, um
        self.length = 0.0

    def overloaded(self, part: float = 1.0) -> list[Overloaded]:
        """Nets beyond a part of their limit, the worst first; measures ``length``, the sum of their
        half perimeters in um.
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
                continue
            kind = driver.getInstance().getMasterCell().getName()
            limit = limits.get(kind, {}).get(driver.getMasterNet().getName())
            load = load_of(ends, per_um)
            if limit and load > part * limit:
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

    def wanted(self) -> list[Buffered]:
        """Buffers for nets near to their limits or beyond them."""
        most, per_um = self.settings["buffer_limit_ff"], self.settings["wire_ff_per_um"]
        found = (
            buffered(one.net.getName(), one.loads, one.limit, NEAR * most, per_um)
            for one in self.overloaded(NEAR)
        )
        return [one for one in found if one is not None]

    def insert(self, wanted: Iterable[Sequence[Any]], first: int) -> int:
        """Put buffers into a netlist that is not placed; their number, counted from ``first``."""
        from coriolis import CRL
        from coriolis.helpers.overlay import UpdateSession
        from coriolis.Hurricane import Instance

        master = CRL.AllianceFramework.get().getCell(
            self.settings["buffer"], CRL.Catalog.State.Views
        )
        number = first
        with UpdateSession():
            for one in wanted:
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

    def use_spares(self, over: Iterable[Overloaded], pools: Sequence[Any]) -> int:
        """Give nets of a placed block the spare buffer that is nearest to their driver.

        It takes over all that the net drives; the net keeps its name behind the buffer, so that
        ports stay as they are.
        """
        from coriolis.helpers.overlay import UpdateSession

        relieved = 0
        with UpdateSession():
            for part, net, driver, _, limit in over:
                centre = driver.getInstance().getAbutmentBox().getCenter()
                free = [pool for pool in pools if pool.hasFree()]
                if not free:
                    break

                def distance(pool: Any, centre: Any = centre) -> float:
                    return self.um(pool.area.getCenter().manhattanDistance(centre))

                pool = min(free, key=distance)
                wire = distance(pool) * self.settings["wire_ff_per_um"]
                # A buffer too far away is no relief, nor one as strong as the driver.
                if (
                    wire > max(limit, 0.5 * part * limit)
                    or limit >= self.settings["buffer_limit_ff"]
                ):
                    continue
                pool.selectFree()
                buffer = pool.selecteds[-1]
                near = self._net(net.getName(), "near")
                driver.setNet(near)
                _plug(buffer, INPUT).setNet(near)
                _plug(buffer, OUTPUT).setNet(net)
                # Placement has made the net's ends, the driver among them. Routing makes them
                # anew for nets that have none, and would miss the buffer where some are left.
                for end in list(net.getRoutingPads()):
                    end.destroy()
                pool.unselect()
                relieved += 1
        return relieved


def _plug(instance: Any, pin: str) -> Any:
    return instance.getPlug(instance.getMasterCell().getNet(pin))
