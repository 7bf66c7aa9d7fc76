"""The certificate of a design: proved, refuted with an event, or not proved."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.certificate import Certificate
from hexcoder.metrics.difference import Difference
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.netlist.rtl_gates import rtl_gates
from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.network.golden import evaluate
from hexcoder.network.modules import CHUNK, random_inputs
from hexcoder.network.schema import Network
from hexcoder.sensor.encoders import described, load_encoder
from hexcoder.sensor.stimulus import EncoderCore
from hexcoder.tb.certificate.certify import Progress, Proof, Unproved, prove_circuit
from hexcoder.tb.certificate.circuit import Circuit, read_circuit
from hexcoder.tb.certificate.control import adder_difference, control_difference, control_fault
from hexcoder.tb.certificate.counterexample import (
    Model,
    differs_with_states,
    elements_of,
    solve,
)

VECTORS = 65_536
"""Random events that a design that is not proved is run on."""
MOST_EVENTS = 1 << 20
"""Of a network that takes no more different events, all are run where nothing else proves it."""
MOST_SOLVED = 4
"""Elements that SAT is asked about."""


def certify_design(network: Path, design: Path, work: Path, progress: Progress) -> Certificate:
    """The certificate of files: see :func:`certify`.

    What sends frames, or has its weights in registers, is no network of gates: not covered.
    """
    if not (design / "encoder.v").is_file():
        raise InputError(f"{design / 'encoder.v'}: no such file; run hexcoder rtl NETWORK -o DIR")
    source = load_encoder(network)
    rtl = read_metrics(design / "metrics.json", RtlFile, "hexcoder rtl")
    if rtl is None:
        raise InputError(f"{design / 'metrics.json'}: no such file; hexcoder rtl writes it")
    ports = rtl.modules.get(EncoderCore.name)
    if not isinstance(source, Network):
        return not_covered(f"{described(source)} is no network of layers")
    if ports is None:
        return not_covered("its weights lie in registers")
    if ports.interval_cycles > 1:
        return not_covered("its sums take turns on shared adders")
    return certify(source, ports.latency_cycles, design, work / "certificate", progress)


def not_covered(reason: str) -> Certificate:
    """The certificate of a design that is simulated only."""
    return Certificate(
        module=EncoderCore.name, verdict="not proved", is_covered=False, reason=reason, elements={},
        by_sat=0, counterexample=None, seconds=0.0,
    )  # fmt: skip


def failure_of(certificate: Certificate) -> str | None:
    """One line if a design is refuted, or not proved though it should be."""
    if certificate.verdict == "proved" or not certificate.is_covered:
        return None
    first = f"; {certificate.counterexample}" if certificate.counterexample else ""
    return f"{certificate.module}: {certificate.verdict}: {certificate.reason}{first}"


def certify(
    network: Network, latency: int, design: Path, work: Path, progress: Progress
) -> Certificate:
    """Prove ``encoder_core`` of a design for every input, from the text of encoder.v alone.

    Parameters
    ----------
    network : Network
    latency : int
        Clocks from input to output, as the design's report says.
    design : Path
        Folder with encoder.v.
    work : Path
        Keeps what yosys has read for the next run.
    """
    return _Certifier(network, latency, design, work, progress).certificate()


class _Certifier:
    def __init__(
        self, network: Network, latency: int, design: Path, work: Path, progress: Progress
    ):
        self.network, self.latency, self.progress = network, latency, progress
        self.verilog, self.work = design / "encoder.v", work
        self.core = EncoderCore(network, latency)
        self.layers = {context.name for context in network.contexts()}
        self.started = time.perf_counter()

    def certificate(self) -> Certificate:
        self.progress("read", 0.0)
        adder = adder_difference(self.verilog, self.work / "full_adder")
        fault = f"module full_adder: {adder.layer} is wrong" if adder else ""
        netlist, models, _, _ = rtl_gates(self.verilog, self.core.name, self.work)
        interface = Interface(self.core.input_widths, self.core.output_widths, self.latency)
        self._check_ports(netlist.ports)
        self.simulation = NetlistSimulation(netlist, models, interface)
        circuit = read_circuit(netlist, self.latency)
        proof = prove_circuit(self.network, circuit, self.progress)
        faults = [*filter(None, (fault, control_fault(netlist, self.latency)))]
        faults += circuit.impurities
        unknown = proof.unknown
        if faults or proof.unproved or (unknown and self._events() <= MOST_EVENTS):
            return self._refuted(circuit, proof, faults)
        reason = unknown and f"{unknown.name} is of kind '{unknown.kind}'"
        return self._result(
            "not proved" if unknown else "proved", proof, reason=reason, is_covered=not unknown
        )

    def _check_ports(self, ports: dict[str, list[int]]) -> None:
        wanted = {
            "clk": 1, "rst": 1, "in_valid": 1, "out_valid": 1,
            "in_data": sum(self.core.input_widths), "out_data": sum(self.core.output_widths),
        }  # fmt: skip
        for port, bits in wanted.items():
            found = len(ports.get(port, ()))
            if found != bits:
                raise InputError(f"{self.verilog}: port '{port}' has {found} bits, not {bits}")

    def _result(
        self,
        verdict: Literal["proved", "refuted", "not proved"],
        proof: Proof,
        *,
        reason: str | None = None,
        first: Difference | None = None,
        is_covered: bool = True,
    ) -> Certificate:
        return Certificate(
            module=self.core.name,
            verdict=verdict,
            is_covered=is_covered,
            reason=reason,
            elements={name: count for name, count in proof.elements.items() if name in self.layers},
            by_sat=proof.by_sat,
            counterexample=first,
            seconds=round(time.perf_counter() - self.started, 1),
        )

    def _refuted(self, circuit: Circuit, proof: Proof, faults: list[str]) -> Certificate:
        """Look for an event that differs; without one nothing is said but that it is not proved."""
        failed = [*proof.doubts, *proof.unproved]
        reason = next(iter([*faults, *map(_line, failed)]), None)
        self.progress("counterexample", 0.0)
        whole = self._events() <= MOST_EVENTS
        for events in self._all() if whole else self._random():
            if first := self._difference(events, failed):
                reason = reason or "an event differs"
                return self._result("refuted", proof, reason=reason, first=first)
        if whole and not faults:
            # Its outputs are a function of one event, and all events were tried.
            for one in proof.unproved:
                layer = one.element.tensor
                proof.elements[layer] = proof.elements.get(layer, 0) + 1
            return self._result("proved", proof)
        if faults and (first := control_difference(self.simulation, self.core)):
            return self._result("refuted", proof, reason=reason, first=first)
        if adder := adder_difference(self.verilog, self.work / "full_adder"):
            return self._result("refuted", proof, reason=reason, first=adder)
        left = list(proof.unproved)
        asked = [one for one in proof.doubts if one.failure.word] + proof.unproved
        for number, one in enumerate(asked[:MOST_SOLVED]):
            self.progress("counterexample", number / MOST_SOLVED)
            model = solve(proof.prover, one, self.work / "sat")
            if model is True and one in left:
                left.remove(one)
                layer = one.element.tensor
                proof.elements[layer] = proof.elements.get(layer, 0) + 1
                proof.by_sat += 1
            if isinstance(model, Model) and (first := self._confirmed(circuit, model, failed)):
                return self._result("refuted", proof, reason=reason, first=first)
        if not left and not faults:
            return self._result("proved", proof)
        return self._result("not proved", proof, reason=reason)

    def _ranges(self) -> list[tuple[int, int]]:
        """Least and greatest value of each element of the input."""
        return [
            (tensor.type.minimum, tensor.type.maximum)
            for tensor in self.network.inputs_by_name.values()
            for _ in range(tensor.elements)
        ]

    def _events(self) -> int:
        """How many different events there are."""
        return math.prod(high - low + 1 for low, high in self._ranges())

    def _all(self) -> Iterator[np.ndarray]:
        ranges, count = self._ranges(), self._events()
        sizes = [high - low + 1 for low, high in ranges]
        for start in range(0, count, CHUNK):
            numbers = np.unravel_index(np.arange(start, min(start + CHUNK, count)), sizes)
            yield np.stack(numbers, axis=1) + np.array([low for low, _ in ranges])

    def _random(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(0)
        for number in range(VECTORS // CHUNK):
            yield random_inputs(self.network, CHUNK, random, number)

    def _difference(self, events: np.ndarray, failed: list[Unproved]) -> Difference | None:
        golden = self.core.golden(events)
        verdict = self.simulation.check(events, golden)
        if verdict.passed:
            return None
        place = verdict.first
        if place is None:
            event = verdict.first_valid_event or 0
            return Difference(
                module=self.core.name, layer="out_valid", element=0, event=event,
                expected=None, actual=None,
            )  # fmt: skip
        one = failed[0].element if failed else None
        return Difference(
            module=self.core.name,
            layer=one.tensor if one else "output",
            element=one.number if one else place.element,
            event=place.event,
            expected=place.expected,
            actual=place.actual,
            input=tuple(events[place.event].tolist()),
        )

    def _confirmed(
        self, circuit: Circuit, model: Model, failed: list[Unproved]
    ) -> Difference | None:
        signed = [
            tensor.type.signed
            for tensor in self.network.inputs_by_name.values()
            for _ in range(tensor.elements)
        ]
        event = elements_of(model.bits, self.core.input_widths, signed)
        # Over and over, so that it is at every place of the pipeline at once.
        if first := self._difference(np.repeat(event, 64, axis=0), failed):
            return first
        golden = evaluate(self.network, event)
        if not model.states or not differs_with_states(self.simulation, circuit, model, golden):
            return None
        return Difference(
            module=self.core.name,
            layer=failed[0].element.tensor,
            element=failed[0].element.number,
            event=0,
            expected=None,
            actual=None,
            input=tuple(event[0].tolist()),
            registers=model.states,
        )


def _line(one: Unproved) -> str:
    return f"{one.element.tensor}, element {one.element.number}: {one.failure.reason}"
