"""The ports of a design with fixed weights, for its structural report."""

from collections.abc import Iterable

from hexcoder.gen.emit.circuit import NetworkCore
from hexcoder.gen.emit.encoder import Encoder
from hexcoder.metrics.rtl import RtlModule, RtlTensor
from hexcoder.network.layer import TensorType
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS


def module_ports(
    network: Network, core: NetworkCore, encoder: Encoder | None
) -> dict[str, RtlModule]:
    """Ports and latency of the modules of a design with fixed weights."""
    given, wanted = network.only_input, network.only_output
    inputs, outputs = network.inputs_by_name.values(), network.outputs_by_name.values()
    ports = RtlModule(
        latency_cycles=core.latency,
        input_bits=len(core.in_data),
        output_bits=len(core.out_data),
        input_elements=network.input_elements,
        input_width=given and given.type.width,
        input_tensors=None if given else _tensors(inputs),
        input_type=" ".join(str(tensor.type) for tensor in inputs),
        output_elements=sum(tensor.elements for tensor in outputs),
        output_width=wanted and wanted.type.width,
        output_tensors=None if wanted else _tensors(outputs),
        output_type=" ".join(str(tensor.type) for tensor in outputs),
    )
    if core.interval > 1:
        ports = ports.model_copy(update={"interval_cycles": core.interval})
    if encoder is None:
        return {"encoder_core": ports}
    outside = {
        "latency_cycles": encoder.latency,
        "input_bits": len(encoder.in_data),
        "output_bits": len(encoder.out_data),
        "input_elements": TRIGGER_CELLS,
        "input_width": ENERGY_BITS,
        "input_type": f"UQ({ENERGY_BITS},0)",
        "sum_code_bits": SUM_CODE_BITS,
        "front_end_latency_cycles": encoder.latency - core.latency,
    }
    return {"encoder_core": ports, "encoder": ports.model_copy(update=outside)}


def _tensors(tensors: Iterable[TensorType]) -> list[RtlTensor]:
    return [RtlTensor(elements=one.elements, width=one.type.width) for one in tensors]
