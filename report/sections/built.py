"""Section of the report: the network, its types, and the hardware's structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from report.blocks import Block, Box, Column, DataFlow, Section, Table, Text
from report.numbers import count, percent, shape
from report.results import Results

_WORDS = {"relu": "ReLU", "none": "none", "floor": "floor", "round_half_up": "round half up"}


def built(results: Results) -> Section:
    """Data flow, layers and structure."""
    train, rtl = results.train, results.rtl
    blocks: list[Block] = []
    if rtl is None:
        blocks.append(results.missing("rtl", "Data flow, registers, adders and latency"))
    elif "registers" not in rtl:
        blocks.append(_data_flow(rtl, train))
    if train is None:
        blocks.append(results.missing("train", "Layers, weights and their sparsity"))
    else:
        blocks += [
            Text(
                f"{count(train['parameters'])} parameters (weights and biases), each an integer "
                f"{where_weights_are(results)}. UQ(i,f) and SQ(i,f) are unsigned and signed "
                "fixed-point types of i integer bits, the sign counted in, and f fraction bits."
            ),
            _layers(train),
        ]
    if rtl is not None and "registers" in rtl:
        blocks += [_registers(rtl), _loadable_layers(rtl)]
    elif rtl is not None:
        blocks += [_structure(rtl), _passes(rtl)]
    return Section("built", "What was built", blocks)


def where_weights_are(results: Results) -> str:
    """In gates or in registers, in words."""
    fixed = results.config.chip.weights == "fixed"
    return "fixed in gates" if fixed else "in registers that I2C writes"


def _data_flow(rtl: dict[str, Any], train: dict[str, Any] | None) -> DataFlow:
    core, whole = rtl["modules"]["encoder_core"], rtl["modules"].get("encoder")
    pipeline = rtl["pipeline"]
    boxes = []
    if whole:
        boxes += [
            Box(
                f"{whole['input_elements']} energies",
                [f"{whole['input_type']} each", "ADC counts"],
                f"{count(whole['input_bits'])} bits",
                pipeline.get("energies", False),
            ),
            Box(
                "normalise",
                [
                    "sum, registered, leading one," if pipeline.get("sum") else "sum, leading one,",
                    "shift; code of the sum",
                ],
                f"{count(core['input_bits'])} bits",
                pipeline["input"],
            ),
        ]
    else:
        boxes.append(
            Box(
                "input",
                [f"{core['input_elements']} elements", f"{core['input_type']} each"],
                f"{count(core['input_bits'])} bits",
                pipeline["input"],
            )
        )
    layers = [layer for layer in rtl["layers"] if layer["kind"] != "flatten"]
    for layer in layers:
        is_last = layer is layers[-1]
        registers = layer.get("register_bits", 0)
        boxes.append(
            Box(
                layer["name"],
                [layer["kind"], shape(layer["output_shape"]), f"{layer['output_type']} each"],
                f"{count(core['output_bits'])} bits" if is_last else f"{count(registers)} bits",
                bool(registers),
            )
        )
    if whole:
        latents = whole["output_bits"] - whole["sum_code_bits"]
        boxes.append(
            Box(
                "frame",
                [
                    f"{whole['sum_code_bits']} bits sum",
                    f"{count(latents)} bits latents",
                    f"{count(whole['output_bits'])} bits in all",
                ],
            )
        )
    words = ", ".join(f"{box.name} ({box.bits or 'output'})" for box in boxes)
    clocks = rtl["modules"][rtl["top"]]["latency_cycles"]
    caption = (
        f"Data flow of module {rtl['top']}, with a constant latency of {clocks} clocks. A double "
        "bar is a rank of pipeline registers; bits that never change have none."
    )
    if whole:
        caption += " The code of the sum is delayed beside the network and joins the frame."
    return DataFlow(f"Data flow: {words}", caption, boxes)


def _layers(train: dict[str, Any]) -> Table:
    rows = []
    given = train["input_shape"], train["input_type"]
    rows.append(["input", "", shape(given[0]), given[1], *[""] * 6])
    for layer in train["layers"]:
        weights, zero = layer.get("weights"), layer.get("weights_zero")
        numbers = (
            [layer["weight_type"], count(weights), count(zero), percent(zero, weights)]
            if weights is not None
            else [""] * 4
        )
        rows.append(
            [
                layer["name"],
                layer["kind"],
                shape(layer["output_shape"]),
                layer["output_type"],
                *numbers,
                _words(layer, "activation"),
                _words(layer, "rounding", "overflow"),
            ]
        )
    columns = [
        Column("layer", numeric=False),
        Column("kind", numeric=False),
        Column("output shape", numeric=False),
        Column("output type", numeric=False),
        Column("weight type", numeric=False),
        Column("weights"),
        Column("zero weights"),
        Column("sparsity", "share zero"),
        Column("activation", numeric=False),
        Column("rounding, overflow", numeric=False),
    ]
    return Table("Layers, in the order of the data", columns, rows)


def _words(layer: Mapping[str, Any], *keys: str) -> str:
    return ", ".join(_WORDS.get(layer[key], str(layer[key])) for key in keys if layer.get(key))


def _structure(rtl: dict[str, Any]) -> Table:
    keys = ("sums", "adders", "full_adders", "other_gates", "depth", "register_bits")
    rows = [["input", *[""] * (len(keys) - 1), count(rtl["input_register_bits"])]]
    rows += [
        [layer["name"], *(count(layer[key]) for key in keys)]
        for layer in rtl["layers"]
        if "sums" in layer
    ]
    rows.append(["network", *(count(rtl["total"][key]) for key in keys)])
    columns = [
        Column("layer", numeric=False),
        Column("sums", "shared terms and outputs"),
        Column("additions", "of two operands"),
        Column("full adders"),
        Column("other gates", "of two inputs"),
        Column("depth", "sums in a row"),
        Column("registers", "bits"),
    ]
    note = "Of the compiler's result, before synthesis. The network's depth is its deepest layer's."
    total_row = frozenset({len(rows) - 1})
    return Table("Arithmetic and registers by layer", columns, rows, note, total_row)


def _registers(rtl: dict[str, Any]) -> Table:
    """Registers behind I2C."""
    rows = [
        [name, f"{field['address']:#06x}", count(field["elements"]), count(field["width"])]
        for name, field in rtl["registers"].items()
    ]
    columns = [
        Column("registers", numeric=False),
        Column("address", "first byte"),
        Column("values"),
        Column("width", "bits of a value"),
    ]
    note = f"{count(rtl['triplicated_bits'])} bits of the design are triplicated."
    return Table("Registers behind I2C", columns, rows, note)


def _loadable_layers(rtl: dict[str, Any]) -> Table:
    keys = ("weights", "biases", "parameter_bits", "full_adders", "other_gates")
    rows = [[layer["name"], *(count(layer[key]) for key in keys)] for layer in rtl["layers"]]
    columns = [
        Column("layer", numeric=False),
        Column("weights"),
        Column("biases"),
        Column("parameters", "bits in registers"),
        Column("full adders"),
        Column("other gates"),
    ]
    return Table("Layers with loadable weights, before synthesis", columns, rows)


def _passes(rtl: dict[str, Any]) -> Table:
    """Full adders that each pass leaves in each layer, and what it saved."""
    names = [layer["name"] for layer in rtl["layers"] if "sums" in layer]
    rows, before = [], None
    for name, layers in rtl["passes"].items():
        left = [layers[layer]["full_adders"] for layer in names]
        total = sum(left)
        saved = "" if before is None else count(before - total)
        rows.append([name, *(count(number) for number in left), count(total), saved])
        before = total
    columns = [
        Column("after pass", numeric=False),
        *(Column(name, "full adders") for name in names),
        Column("network", "full adders"),
        Column("saved", "full adders"),
    ]
    note = (
        "Up to the pass gates: bits of all operands less bits of the sums, which is what bit heaps "
        "need; then what was built."
    )
    return Table("What each pass of the compiler saved", columns, rows, note)
