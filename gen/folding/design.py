"""A design that takes an event every N clocks: modules ``encoder_core`` and ``encoder``."""

from __future__ import annotations

import numpy as np

from hexcoder.errors import CheckFailed, InputError
from hexcoder.gen.compiler import Progress, Settings, graph_pass, run
from hexcoder.gen.design import Design, Emitted
from hexcoder.gen.emit.encoder import encoder_of
from hexcoder.gen.emit.modules import layer_entry, modules_report, modules_verilog
from hexcoder.gen.emit.verilog import layer_verilog
from hexcoder.gen.folding.circuit import FoldedCore, part_module
from hexcoder.gen.folding.engine import Engine
from hexcoder.gen.folding.fold import fold
from hexcoder.gen.graph import NOT_BUILT, Input
from hexcoder.gen.passes.inline import inline
from hexcoder.gen.passes.prune import prune
from hexcoder.gen.passes.simplify import simplify
from hexcoder.gen.structure import layer_size
from hexcoder.metrics.rtl import RtlFolded, RtlLayer, Size
from hexcoder.network.golden import layer_outputs
from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network


def check_stages(settings: Settings) -> None:
    """Raise InputError for stages, which cut logic that takes no turns."""
    if settings.pipeline.stages is not None:
        raise InputError(
            "key 'pipeline.stages': with an interval above 1 registers stand where sums take "
            "turns; leave it out"
        )


class FoldedDesign(Design):
    """A network whose sums take turns on shared adders."""

    is_loadable = False

    def __init__(self, network: Network, settings: Settings, progress: Progress):
        super().__init__(network, settings)
        check_stages(settings)
        assert settings.pipeline.interval != "auto"
        self.interval = settings.pipeline.interval
        steps = [graph_pass(one.__name__, one) for one in (inline, simplify, prune)]
        states, inputs = run(network, steps, progress)
        self.checked_events = len(inputs)
        self.graph = states["prune"].graph
        modules = self.graph.modules
        self.engines: list[Engine] = []
        for number, layer in enumerate(modules):
            progress("fold", number / len(modules))
            self.engines.append(fold(self.graph, layer, self.interval, settings))
        self.check(network, inputs)

    def check(self, network: Network, inputs: np.ndarray) -> None:
        golden = layer_outputs(network, inputs)
        values = {
            index: inputs[:, node.element]
            for index, node in enumerate(self.graph.nodes)
            if isinstance(node, Input)
        }
        by_name = {layer.name: layer for layer in self.graph.layers}
        for engine in self.engines:
            values |= engine.run({node: values[node] for node in engine.reads})
            for k, (node, shift, offset) in enumerate(by_name[engine.name].elements):
                if node == NOT_BUILT or node not in values:
                    continue
                found, wanted = (values[node] << shift) + offset, golden[engine.name][:, k]
                if (found != wanted).any():
                    event = int(np.argmax(found != wanted))
                    raise CheckFailed(
                        f"pass 'fold' changed the network: layer '{engine.name}', element {k}, "
                        f"event {event}: expected {wanted[event]}, got {found[event]}"
                    )

    def emit(self) -> Emitted:
        places = self.settings.pipeline
        core = FoldedCore(self.graph, self.engines, self.interval, places)
        modules = [
            layer_verilog(part.gates, part_module(name))
            for engine in self.engines
            for name, part in engine.parts.items()
        ]
        encoder = encoder_of(self.network, core, self.settings)
        remark = f", an event every {self.interval} clocks"
        # Registers are counted where they are made.
        verilog = modules_verilog(self.network, core, encoder, modules, remark)
        layers = [self._layer(context, core) for context in self.network.contexts()]
        sizes = [layer for layer in layers if layer.area_um2 is not None]
        metrics = modules_report(
            self.network,
            self.settings,
            core,
            encoder,
            layers=layers,
            total=Size(
                full_adders=sum(layer.full_adders or 0 for layer in sizes),
                other_gates=sum(layer.other_gates or 0 for layer in sizes),
                area_um2=round(sum(layer.area_um2 or 0 for layer in sizes), 1),
                register_bits=sum(core.register_bits.values()),
            ),
            input_register_bits=core.register_bits["input"],
            checked_events_per_pass=self.checked_events,
        )
        return Emitted(verilog, metrics)

    def _layer(self, context: LayerContext, core: FoldedCore) -> RtlLayer:
        layer = layer_entry(context)
        engine = next((one for one in self.engines if one.name == context.name), None)
        built = next(one for one in self.graph.layers if one.name == context.name)
        if engine is None:
            module = {"module": built.block} if built.block else {}
            return layer.model_copy(update=module)
        parts = [layer_size(part.gates, self.settings.technology) for part in engine.parts.values()]
        update: dict[str, object] = {
            "full_adders": sum(part.full_adders for part in parts),
            "other_gates": sum(part.other_gates for part in parts),
            "area_um2": round(sum(part.area_um2 for part in parts), 1),
            "register_bits": core.register_bits[context.name],
            "elements_not_built": [k for k, node in enumerate(built.nodes) if node == NOT_BUILT],
        }
        if serial := engine.serial:
            update["folded"] = RtlFolded(
                trees=len(serial.trees),
                turns=serial.turns,
                digits=serial.digits,
                digit_bits=serial.digit_bits,
                operands=sum(len(tree.lanes) for tree in serial.trees),
            )
        return layer.model_copy(update=update)
