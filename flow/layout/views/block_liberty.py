"""The block as one cell: a Liberty file of its pins, arcs and power at a corner.

An extracted timing model of a block whose inputs and outputs belong to one clock (Liberty Reference
Manual, Synopsys; "interface timing"). Setup and hold are against the clock at the block's pin, its
tree counted in; so are the outputs' delays.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hexcoder.flow.analysis.sta import run_sta
from hexcoder.netlist.files import Netlist
from hexcoder.pdk.description import Pdk
from hexcoder.tools import plain, tcl_word

LOADS_FF = (2.0, 10.0, 20.0, 50.0, 100.0)
SLEWS_NS = (0.02, 0.1, 0.3, 1.0)
"""Transitions at the inputs."""
_NUMBER = r"(-?[\d.]+|-?INF)"


@dataclass(frozen=True)
class BlockPort:
    """A port: its bits, and the capacitance of the heaviest of them in F."""

    name: str
    direction: str
    width: int
    is_bus: bool
    capacitance_f: float = 0.0

    @property
    def bits(self) -> list[str]:
        """Names of its pins."""
        return [f"{self.name}[{k}]" for k in range(self.width)] if self.is_bus else [self.name]


@dataclass(frozen=True)
class BlockTiming:
    """In ns: of each input bit setup and hold by its transition; of each output bit the delay by
    load, of each output port the transition by load."""

    setup: Mapping[str, Sequence[float]]
    hold: Mapping[str, Sequence[float]]
    delays: Mapping[str, Sequence[float]]
    transitions: Mapping[str, Sequence[float]]


def measure_block(
    netlist: Netlist,
    pdk: Pdk,
    ports: Sequence[BlockPort],
    clock: str,
    period_ns: float,
    layout: Sequence[str],
    folder: Path,
) -> BlockTiming:
    """Ask OpenSTA for the block's arcs.

    Parameters
    ----------
    pdk : Pdk
        At one corner.
    ports : sequence of BlockPort
        All but the clock.
    layout : sequence of str
        Commands for the wires and derates.
    folder : Path
        Gets constraints, script and log.
    """
    inputs = [port for port in ports if port.direction == "input"]
    outputs = [port for port in ports if port.direction == "output"]
    every = {
        port.name: f"[get_ports {{{port.name}{'[*]' if port.is_bus else ''}}}]" for port in ports
    }
    constraints = folder / "constraints.sdc"
    constraints.write_text(
        f"create_clock -name clock -period {period_ns:g} [get_ports {clock}]\n"
        f"create_clock -name outside -period {period_ns:g}\n"
        + "".join(f"set_input_delay 0 -clock outside {every[port.name]}\n" for port in inputs)
        + "".join(f"set_output_delay 0 -clock outside {every[port.name]}\n" for port in outputs)
    )
    commands = [
        "set sta_report_default_digits 6",
        "proc slacks {load ports} {",
        "  foreach port $ports {",
        '    puts "at $load [get_property $port full_name]"',
        "    report_slack $port",
        "  }",
        "}",
    ]
    for slew in SLEWS_NS:
        # Of data alone: the clock's transition is the chip's.
        commands += [f"set_input_transition {slew:g} {every[port.name]}" for port in inputs]
        commands += [f"slacks slew_{slew:g} {every[port.name]}" for port in inputs]
    for load in LOADS_FF:
        commands.append(f"set_load {load / 1000:g} [all_outputs]")
        for port in outputs:
            commands += [
                f"slacks {load:g} {every[port.name]}",
                f'puts "slew {load:g} {port.name}"',
                f"report_checks -path_delay max -to {every[port.name]} -fields {{slew}} -digits 6",
            ]
    log = run_sta(commands, netlist, pdk, constraints, folder / "block.tcl", layout)
    slacks = _slacks(log)
    slews = {
        (name, load): _last_slew(body)
        for load, name, body in re.findall(
            r"^slew (\S+) (\S+)\n(.*?)(?=^slew |^at |\Z)", log, re.MULTILINE | re.DOTALL
        )
    }
    taken = [bit for port in inputs for bit in port.bits]
    given = [bit for port in outputs for bit in port.bits]
    loads = [f"{load:g}" for load in LOADS_FF]
    steps = [f"slew_{slew:g}" for slew in SLEWS_NS]
    return BlockTiming(
        setup={bit: [period_ns - slacks[bit, one][1] for one in steps] for bit in taken},
        hold={bit: [-slacks[bit, one][0] for one in steps] for bit in taken},
        delays={bit: [period_ns - slacks[bit, load][1] for load in loads] for bit in given},
        transitions={port.name: [slews[port.name, load] for load in loads] for port in outputs},
    )


def _slacks(log: str) -> dict[tuple[str, str], tuple[float, float]]:
    """By bit and load: worst slack of hold and of setup; infinite where nothing is checked."""
    found = {}
    for load, name, body in re.findall(r"^at (\S+) (\S+)\n((?: .*\n)*)", log, re.MULTILINE):
        pairs = re.findall(rf" [rf] {_NUMBER}:{_NUMBER}", body)
        numbers = [[float(one) for one in pair] for pair in pairs if "INF" not in pair]
        holds, setups = zip(*numbers, strict=True) if numbers else ((math.inf,), (math.inf,))
        found[name, load] = min(holds), min(setups)
    return found


def _last_slew(report: str) -> float:
    """Transition at the end of a path: the first number of the line of the port."""
    lines = [line for line in report.splitlines() if re.search(r"\((?:out|output)\)\s*$", line)]
    return float(lines[-1].split()[0])


def write_block_liberty(
    path: Path,
    name: str,
    corner: str,
    pdk: Pdk,
    area_um2: float,
    ports: Sequence[BlockPort],
    clock: BlockPort,
    timing: BlockTiming,
    leakage_w: float,
    energy_j: float,
) -> None:
    """Write the file, in ns, pF, nW and pJ.

    Parameters
    ----------
    leakage_w : float
    energy_j : float
        Of one clock at the stated activity, without leakage.
    """
    voltage, degrees = pdk.corner.voltage_v, pdk.corner.temperature_c
    conditions = f"{corner}_conditions"
    lines = [
        f"library ({name}_{corner}) {{",
        '  technology ("cmos");',
        "  delay_model : table_lookup;",
        '  time_unit : "1ns";',
        '  voltage_unit : "1V";',
        '  current_unit : "1mA";',
        '  leakage_power_unit : "1nW";',
        '  pulling_resistance_unit : "1kohm";',
        "  capacitive_load_unit (1, pf);",
        f"  nom_voltage : {voltage:g};",
        f"  nom_temperature : {degrees:g};",
        "  nom_process : 1.0;",
        *(
            f"  {side}_threshold_pct_{edge} : 50;"
            for side in ("input", "output")
            for edge in _EDGES
        ),
        *(f"  slew_lower_threshold_pct_{edge} : 20;" for edge in _EDGES),
        *(f"  slew_upper_threshold_pct_{edge} : 80;" for edge in _EDGES),
        "  slew_derate_from_library : 1.0;",
        f"  operating_conditions ({conditions}) {{",
        f"    process : 1.0; voltage : {voltage:g}; temperature : {degrees:g};",
        "  }",
        f"  default_operating_conditions : {conditions};",
        "  lu_table_template (by_slew) {",
        "    variable_1 : constrained_pin_transition;",
        f'    index_1 ("{_list(SLEWS_NS)}");',
        "  }",
        "  lu_table_template (by_load) {",
        "    variable_1 : total_output_net_capacitance;",
        f'    index_1 ("{_list([load / 1000 for load in LOADS_FF])}");',
        "  }",
    ]
    for port in ports:
        if port.is_bus:
            lines += [
                f"  type (bus_{port.name}) {{",
                "    base_type : array; data_type : bit;",
                f"    bit_width : {port.width}; bit_from : {port.width - 1}; bit_to : 0; "
                "downto : true;",
                "  }",
            ]
    lines += [
        f"  cell ({name}) {{",
        f"    area : {area_um2:.1f};",
        "    is_macro_cell : true;",
        "    interface_timing : true;",
        "    dont_touch : true;",
        "    dont_use : true;",
        f"    cell_leakage_power : {leakage_w * 1e9:.6g};",
        f"    pin ({clock.name}) {{",
        "      direction : input; clock : true;",
        f"      capacitance : {clock.capacitance_f * 1e12:.6g};",
        "      internal_power () {",
        f'        rise_power (scalar) {{ values ("{energy_j * 1e12:.6g}"); }}',
        '        fall_power (scalar) { values ("0"); }',
        "      }",
        "    }",
    ]
    for port in ports:
        lines += [
            f"    {'bus' if port.is_bus else 'pin'} ({port.name}) {{",
            *([f"      bus_type : bus_{port.name};"] if port.is_bus else []),
            f"      direction : {port.direction};",
        ]
        if port.direction == "input":
            lines.append(f"      capacitance : {port.capacitance_f * 1e12:.6g};")
        else:
            lines.append(f"      max_capacitance : {LOADS_FF[-1] / 1000:g};")
        for bit in port.bits:
            arcs = _arcs(port, bit, clock.name, timing)
            lines += [f"      pin ({bit}) {{", *arcs, "      }"] if port.is_bus else arcs
        lines.append("    }")
    lines += ["  }", "}"]
    path.write_text("\n".join(lines) + "\n")


_EDGES = ("rise", "fall")


def _arcs(port: BlockPort, bit: str, clock: str, timing: BlockTiming) -> list[str]:
    lines: list[str] = []
    if port.direction == "input":
        for check in ("setup", "hold"):
            numbers = getattr(timing, check)[bit]
            if all(map(math.isfinite, numbers)):
                value = f'values ("{_list(numbers)}");'
                tables = [f"{edge}_constraint (by_slew) {{ {value} }}" for edge in _EDGES]
                lines += _arc(clock, f"{check}_rising", tables)
    elif all(map(math.isfinite, timing.delays[bit])):
        delay, slew = _list(timing.delays[bit]), _list(timing.transitions[port.name])
        tables = [f'cell_{edge} (by_load) {{ values ("{delay}"); }}' for edge in _EDGES]
        tables += [f'{edge}_transition (by_load) {{ values ("{slew}"); }}' for edge in _EDGES]
        lines += _arc(clock, "rising_edge", tables)
    return lines


def _arc(clock: str, kind: str, tables: Sequence[str]) -> list[str]:
    return [
        "      timing () {",
        f'        related_pin : "{clock}"; timing_type : {kind};',
        *(f"        {table}" for table in tables),
        "      }",
    ]


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def spef_commands(spef: Path, derate: float) -> list[str]:
    """Wires, the clock's tree and derates, for :func:`measure_block`."""
    return [
        f"read_spef {tcl_word(plain(spef))}",
        "set_propagated_clock [get_clocks clock]",
        f"set_timing_derate -early {1 - derate}",
        f"set_timing_derate -late {1 + derate}",
    ]
