"""``hexcoder import``: a network that another tool trained."""

import argparse
import json
from pathlib import Path

from hexcoder.console import Commands, add_command, add_number, add_output, add_vectors
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint

MOST_BITS = 24
EXAMPLES = """examples:
  hexcoder import model.onnx -o network.json
  hexcoder import model.onnx -o network.json --input-type 'SQ(4,10)'
  hexcoder import model.onnx -o network.json --inputs samples.npz   with its own answers: compares
  hexcoder import model.onnx -o network.json --check                its own tool is asked
  hexcoder import float.onnx -o network.json --calibrate samples.npz --bits 12
  hexcoder rtl network.json -o rtl && hexcoder sim network.json rtl --inputs samples.npz
Exit status: 0 imported, and the samples' answers agree; 1 they differ; 2 it cannot be imported
exactly, and why.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "import", "make a network.json of a model that another tool trained", EXAMPLES
    )
    parser.add_argument("model", type=Path, help="ONNX, QONNX, Keras, torch.export, or trees")
    add_output(parser, "the network.json to write", required=True)
    parser.add_argument(
        "--input-type",
        metavar="TYPE",
        help="type of inputs that the model does not quantise itself, such as 'SQ(4,10)'",
    )
    parser.add_argument(
        "--inputs",
        type=Path,
        help="npz with the model's 'inputs', and if they are known its 'outputs' and the sums "
        "inside as 'act/NODE', which are compared",
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="SAMPLES",
        help="npz or npy: a float model of ONNX, Keras or torch.export gets types from the ranges "
        "of its tensors on these samples, and what that costs is said",
    )
    add_number(parser, "--bits", "of weights and tensors, with --calibrate", default=16, least=2)
    parser.add_argument("--weights", type=Path, help="Keras 2: HDF5 file, if not beside the JSON")
    parser.add_argument(
        "--leaf-type",
        metavar="TYPE",
        help="XGBoost, LightGBM: leaves are rounded to it; without it their sums are exact "
        "and wide",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="run the model by its own tool (qonnx, Keras with HGQ2, XGBoost, conifer), which must "
        "be installed, on the samples or on random inputs, and compare",
    )
    add_vectors(parser, 200, "random inputs with --check and without --inputs (default: 200)")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    parser.set_defaults(run=_run)


def _calibrate(arguments: argparse.Namespace) -> None:
    """A float model, and what fixed point costs it."""
    from hexcoder.models.importers.floats.read import import_float
    from hexcoder.network.schema import save_network
    from hexcoder.sensor.tables.samples import INPUTS, one_of, read_samples

    model = arguments.model
    if not model.is_file():
        raise InputError(
            f"{model}: no such file; give a float model of ONNX, Keras or torch.export"
        )
    if arguments.bits > MOST_BITS:
        raise InputError(f"--bits = {arguments.bits}: at most {MOST_BITS} are supported")
    samples = one_of(read_samples(arguments.calibrate), arguments.calibrate, INPUTS, "x")
    network, loss = import_float(model, samples, arguments.bits, arguments.weights)
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    save_network(network, partial)
    partial.replace(arguments.output)
    if arguments.json:
        print(json.dumps(loss.model_dump(mode="json"), indent=2))
        return
    print(f"{'tensor':32} {'type':12} {'largest':>12} {'mean error':>12} {'largest error':>13}")
    for row in loss.layers:
        print(
            f"{row.tensor[:32]:32} {row.type:12} {row.largest:12.5g} "
            f"{row.mean_absolute_error:12.5g} {row.largest_error:13.5g}"
        )
    argmax = ""
    if loss.argmax_agrees is not None:
        argmax = f"; the greatest output is the same for {100 * loss.argmax_agrees:.1f} %"
    print(
        f"{arguments.output}: {len(network.nodes)} nodes, {loss.bits} bits; outputs on "
        f"{loss.samples} samples: mean error {loss.mean_absolute_error:.4g}, largest "
        f"{loss.largest_error:.4g}{argmax}"
    )


def _type(arguments: argparse.Namespace, option: str) -> FixedPoint | None:
    """A type that was given as a text."""
    text = getattr(arguments, option.removeprefix("--").replace("-", "_"))
    if text is None:
        return None
    try:
        return FixedPoint.parse(text)
    except ValueError as error:
        raise InputError(f"{option} = {text}: {error}") from None


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.models.importers.check import own_answers, random_inputs
    from hexcoder.models.importers.files import import_model
    from hexcoder.models.importers.samples import compare_samples, require_agreement
    from hexcoder.network.schema import save_network
    from hexcoder.sensor.tables.samples import INPUTS, one_of, read_samples

    given, leaf_type = (_type(arguments, option) for option in ("--input-type", "--leaf-type"))
    if not arguments.output.parent.is_dir():
        raise InputError(f"{arguments.output}: the folder {arguments.output.parent} does not exist")
    if arguments.calibrate is not None:
        _calibrate(arguments)
        return
    arrays = read_samples(arguments.inputs) if arguments.inputs else {}
    samples = one_of(arrays, arguments.inputs, INPUTS, "x") if arrays else None
    network = import_model(arguments.model, given, samples, arguments.weights, leaf_type)
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    save_network(network, partial)
    partial.replace(arguments.output)
    inputs = " ".join(f"{list(t.shape)} {t.type}" for t in network.inputs_by_name.values())
    outputs = " ".join(f"{list(t.shape)} {t.type}" for t in network.outputs_by_name.values())
    line = f"{arguments.output}: {len(network.nodes)} nodes, {inputs} to {outputs}"
    if arguments.check:
        inputs = samples
        if inputs is None:
            inputs = random_inputs(network, arguments.vectors, 0)
        tool, arrays = own_answers(arguments.model, network, inputs)
        samples = arrays[INPUTS]
        line += f"; {tool}"
    if samples is None:
        print(line)
        return
    found = compare_samples(network, {**arrays, INPUTS: samples})
    if arguments.json:
        print(json.dumps(found.model_dump(mode="json"), indent=2))
    else:
        print(f"{line}; {found.samples} samples, {len(found.tensors)} tensors compared")
    require_agreement(arguments.model, found)
