"""The routing gauge of a process, for Coriolis."""

from hexcoder.pdk.stack import Stack


def gauge_source(stack: Stack) -> str:
    """Python statements that make the gauge, in the place of the exported ones."""
    lines = ["rg = CRL.RoutingGauge.create('StdCellLib')", "rg.setSymbolic(False)"]
    for cut, (low, high) in stack.joined_by.items():
        described = stack.cut_by_name[cut]
        below, above = (stack.by_name[name].tool for name in (low, high))
        via = f"{below}_{described.tool}_{above}"
        for metal, (x, y) in ((below, described.below), (above, described.above)):
            lines.append(
                f"setEnclosures(tech.getLayer('{via}'), tech.getLayer('{metal}'), (u({x}), u({y})))"
            )
    for number, metal in enumerate(stack.metals):
        cut = stack.cuts[min(number, len(stack.cuts) - 1)]
        sizes = (metal.offset, metal.pitch, metal.width, metal.across, cut.size, metal.spacing)
        purpose = {stack.pins: "PinOnly", stack.straps: "PowerSupply"}.get(metal.name, "Default")
        lines.append(
            "rg.addLayerGauge(CRL.RoutingLayerGauge.create("
            f"tech.getLayer('{metal.tool}'), CRL.RoutingLayerGauge.{metal.direction}, "
            f"CRL.RoutingLayerGauge.{purpose}, {number}, 0.0, "
            f"{', '.join(f'u({size})' for size in sizes)}))"
        )
    return "".join(f"    {line}\n" for line in lines)
