"""Section of the report: the network, its types, and the hardware's structure."""

from hexcoder.config import ClassicalMethod
from hexcoder.metrics.rtl import RtlClassical, RtlCode, RtlFile, RtlLayer, Size
from hexcoder.metrics.train import TrainedCode, TrainMetrics
from hexcoder.report.blocks import Block, Box, DataFlow, Section, Table, Text, numbers, words
from hexcoder.report.numbers import count, fixed, percent, shape
from hexcoder.report.results import Results

_WORDS = {"relu": "ReLU", "none": "none", "floor": "floor", "round_half_up": "round half up"}


def built(results: Results) -> Section:
    """Data flow, layers and structure."""
    train, rtl = results.train, results.rtl
    blocks: list[Block] = []
    if rtl is None:
        blocks.append(results.missing("rtl", "Data flow, registers, adders and latency"))
    elif rtl.code is not None:
        blocks.append(_code_flow(rtl, rtl.code))
    elif rtl.classical is not None:
        blocks.append(_classical_flow(rtl, rtl.classical))
    elif rtl.registers is None:
        blocks.append(_data_flow(rtl))
    if train is not None and train.code is not None:
        blocks += [Text(_CODE_TEXT), _modes(train.code)]
    elif isinstance(results.config.network, ClassicalMethod):
        blocks.append(Text("Nothing is trained: the algorithm has no weights."))
    elif train is None:
        blocks.append(results.missing("train", "Layers, weights and their sparsity"))
    else:
        blocks += [
            Text(
                f"{count(train.parameters)} parameters (weights and biases), each an integer "
                f"{where_weights_are(results)}. UQ(i,f) and SQ(i,f) are unsigned and signed "
                "fixed-point types of i integer bits, the sign counted in, and f fraction bits."
            ),
            _layers(train),
        ]
    if rtl is not None and rtl.registers is not None:
        blocks += [_registers(rtl), *([_loadable_layers(rtl)] if rtl.layers else [])]
    elif rtl is not None and rtl.passes is not None:
        blocks += [_structure(rtl), _passes(rtl)]
    return Section("built", "What was built", blocks)


_CODE_TEXT = (
    "Energies are rounded to a step, the rounding error is carried to the next cell, and values "
    "are written in prefix codes. Each event takes the first mode whose code fits the payload. A "
    "step is 2^shift / factor units of the normalised charge."
)


def _modes(code: TrainedCode) -> Table:
    rows = [
        [
            count(number),
            f"2^{mode.shift} / {mode.factor}",
            count(mode.table),
            percent(mode.share, 1.0),
        ]
        for number, mode in enumerate(code.modes)
    ]
    note = (
        f"{count(code.symbols)} symbols a table. {fixed(code.mean_fill_bits, 1)} of "
        f"{count(code.payload_bits)} payload bits are used on average; {count(code.events_cut)} "
        "held-out events fit no mode and are cut."
    )
    columns = [*numbers("mode", "step", "table"), *numbers(("chosen", "held-out events"))]
    return Table("Modes, the finest first", columns, rows, note)


def _code_flow(rtl: RtlFile, code: RtlCode) -> DataFlow:
    """Parts of the encoder, with the registers behind them."""
    encoder = rtl.modules[rtl.top]
    registers = code.registers
    steps, modes = len(code.steps), sum(len(step.tables) for step in code.steps)

    def box(name: str, lines: list[str], bits: int, place: str) -> Box:
        return Box(name, lines, _bits(registers.get(place, bits)), place in registers)

    charges = encoder.input_elements * code.charge_bits
    boxes = [
        box(
            f"{encoder.input_elements} energies",
            [f"{encoder.input_type} each", "ADC counts"],
            encoder.input_bits,
            "energies",
        ),
        box("normalise", ["sum, leading one,", "shift; code of the sum"], charges, "normalised"),
        box("round", [f"{steps} steps", "error carried on"], 0, "quantised"),
        box("choose", [f"lengths of {modes} modes", "the first that fits"], 0, "values"),
        box("code", [f"{code.tables} tables", "of code words"], 0, "codes"),
        Box("pack", [f"{code.payload_bits} bits payload", f"{_bits(encoder.output_bits)} in all"]),
    ]
    boxes = [
        each if each.registered or each.bits != _bits(0) else Box(each.name, each.lines)
        for each in boxes
    ]
    caption = (
        f"Data flow of module {rtl.top}, with a constant latency of {rtl.latency_cycles} clocks. A "
        "double bar is a rank of pipeline registers."
    )
    if "sum" in registers:
        caption += f" The sum is registered too, {_bits(registers['sum'])}."
    return DataFlow(f"Data flow: {', '.join(each.name for each in boxes)}", caption, boxes)


def _classical_flow(rtl: RtlFile, classical: RtlClassical) -> DataFlow:
    """Parts of a classical method, with the registers behind them."""
    encoder, registers = rtl.modules[rtl.top], classical.registers

    def box(name: str, lines: list[str], place: str) -> Box:
        bits = _bits(registers[place]) if place in registers else ""
        return Box(name, lines, bits, place in registers)

    energies = box(f"{encoder.input_elements} energies", [f"{encoder.input_type} each"], "energies")
    sent = Box("send", [f"{_bits(encoder.output_bits)} in all"])
    if classical.method == "super_trigger_cells":
        boxes = [energies, Box("add", ["sums of 2x2,", "place of the largest"]), sent]
    else:
        rule = f"the {classical.kept} largest"
        if classical.threshold_adc is not None:
            rule = f"the first {classical.kept} of at least {classical.threshold_adc} ADC counts"
        boxes = [
            energies,
            box("code", ["4E3M of each energy,", "5E4M of the sum"], "codes"),
            box("choose", [rule], "chosen"),
            Box("pack", ["codes to the front"]),
            sent,
        ]
    caption = (
        f"Data flow of module {rtl.top}, with a constant latency of {rtl.latency_cycles} clocks. A "
        "double bar is a rank of pipeline registers."
    )
    return DataFlow(f"Data flow: {', '.join(each.name for each in boxes)}", caption, boxes)


def where_weights_are(results: Results) -> str:
    """In gates or in registers, in words."""
    fixed = results.config.chip.weights == "fixed"
    return "fixed in gates" if fixed else "in registers that I2C writes"


def _bits(number: int | None) -> str:
    return f"{count(number)} bits"


def _data_flow(rtl: RtlFile) -> DataFlow:
    core, encoder = rtl.modules["encoder_core"], rtl.modules.get("encoder")
    pipeline = rtl.pipeline
    assert pipeline is not None
    first = encoder or core
    lines = [f"{first.input_type} each"]
    if encoder:
        adder = "sum, registered, leading one," if pipeline.sum else "sum, leading one,"
        boxes = [
            Box(
                f"{encoder.input_elements} energies",
                [*lines, "ADC counts"],
                _bits(encoder.input_bits),
                pipeline.energies,
            ),
            Box(
                "normalise",
                [adder, "shift; code of the sum"],
                _bits(core.input_bits),
                pipeline.input,
            ),
        ]
    else:
        lines.insert(0, f"{core.input_elements} elements")
        boxes = [Box("input", lines, _bits(core.input_bits), pipeline.input)]
    layers = [layer for layer in rtl.layers if layer.kind != "flatten"]
    for layer in layers:
        registers = layer.register_bits or 0
        boxes.append(
            Box(
                layer.name,
                [layer.kind, shape(layer.output_shape), f"{layer.output_type} each"],
                _bits(core.output_bits if layer is layers[-1] else registers),
                bool(registers),
            )
        )
    caption = (
        f"Data flow of module {rtl.top}, with a constant latency of {rtl.latency_cycles} clocks. A "
        "double bar is a rank of pipeline registers; bits that never change have none."
    )
    if encoder:
        code = encoder.sum_code_bits or 0
        frame = [
            f"{code} bits sum",
            f"{_bits(encoder.output_bits - code)} latents",
            f"{_bits(encoder.output_bits)} in all",
        ]
        boxes.append(Box("frame", frame))
        caption += " The code of the sum is delayed beside the network and joins the frame."
    steps = ", ".join(f"{box.name} ({box.bits or 'output'})" for box in boxes)
    return DataFlow(f"Data flow: {steps}", caption, boxes)


def _layers(train: TrainMetrics) -> Table:
    rows = [["input", "", shape(train.input_shape or ()), train.input_type or "", *[""] * 6]]
    for layer in train.layers or ():
        weights, zero = layer.weights, layer.weights_zero
        counted = (
            [layer.weight_type or "", count(weights), count(zero), percent(zero, weights)]
            if weights is not None
            else [""] * 4
        )
        rows.append(
            [
                layer.name,
                layer.kind,
                shape(layer.output_shape),
                layer.output_type,
                *counted,
                _words(layer.activation),
                _words(layer.rounding, layer.overflow),
            ]
        )
    columns = [
        *words("layer", "kind", "output shape", "output type", "weight type"),
        *numbers("weights", "zero weights", ("sparsity", "share zero")),
        *words("activation", "rounding, overflow"),
    ]
    return Table("Layers, in the order of the data", columns, rows)


def _words(*values: str | None) -> str:
    return ", ".join(_WORDS.get(value, value) for value in values if value)


def _counts(of: RtlLayer | Size, *keys: str) -> list[str]:
    return [count(getattr(of, key)) for key in keys]


def _structure(rtl: RtlFile) -> Table:
    keys = ("sums", "adders", "full_adders", "other_gates", "depth", "register_bits")
    assert isinstance(rtl.total, Size)
    rows = [
        ["input", *[""] * (len(keys) - 1), count(rtl.input_register_bits)],
        *([layer.name, *_counts(layer, *keys)] for layer in _arithmetic(rtl)),
        ["network", *_counts(rtl.total, *keys)],
    ]
    columns = [
        *words("layer"),
        *numbers(("sums", "shared terms and outputs"), ("additions", "of two operands")),
        *numbers("full adders", ("other gates", "of two inputs"), ("depth", "sums in a row")),
        *numbers(("registers", "bits")),
    ]
    note = "Of the compiler's result, before synthesis. The network's depth is its deepest layer's."
    total_row = frozenset({len(rows) - 1})
    return Table("Arithmetic and registers by layer", columns, rows, note, total_row)


def _arithmetic(rtl: RtlFile) -> list[RtlLayer]:
    return [layer for layer in rtl.layers if layer.sums is not None]


def _registers(rtl: RtlFile) -> Table:
    """Registers behind I2C."""
    rows = [
        [name, f"{field.address:#06x}", count(field.elements), count(field.width)]
        for name, field in (rtl.registers or {}).items()
    ]
    columns = [
        *words("registers"),
        *numbers(("address", "first byte"), "values", ("width", "bits of a value")),
    ]
    note = f"{count(rtl.triplicated_bits)} bits of the design are triplicated."
    return Table("Registers behind I2C", columns, rows, note)


def _loadable_layers(rtl: RtlFile) -> Table:
    keys = ("weights", "biases", "parameter_bits", "full_adders", "other_gates")
    rows = [[layer.name, *_counts(layer, *keys)] for layer in rtl.layers]
    columns = [
        *words("layer"),
        *numbers("weights", "biases", ("parameters", "bits in registers")),
        *numbers("full adders", "other gates"),
    ]
    return Table("Layers with loadable weights, before synthesis", columns, rows)


def _passes(rtl: RtlFile) -> Table:
    """Full adders that each pass leaves in each layer, and what it saved."""
    names = [layer.name for layer in _arithmetic(rtl)]
    rows, before = [], None
    for name, layers in (rtl.passes or {}).items():
        left = [layers[layer].full_adders for layer in names]
        total = sum(left)
        saved = "" if before is None else count(before - total)
        rows.append([name, *(count(number) for number in left), count(total), saved])
        before = total
    heads = [(name, "full adders") for name in (*names, "network", "saved")]
    note = (
        "Up to the pass gates: bits of all operands less bits of the sums, which is what bit heaps "
        "need; then what was built."
    )
    columns = [*words("after pass"), *numbers(*heads)]
    return Table("What each pass of the compiler saved", columns, rows, note)
