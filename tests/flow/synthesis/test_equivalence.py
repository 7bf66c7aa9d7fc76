import json
import re

from hexcoder.flow.synthesis.equivalence import prove_equivalence
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.netlist.files import Netlist


def _prove(built, pdk, folder, netlist=None, rtl=None, latency=None):
    return prove_equivalence(
        rtl or built.build / "rtl" / "encoder.v",
        netlist or built.netlist,
        built.cells,
        pdk,
        latency or built.interface.latency_cycles,
        folder,
    )


def test_a_netlist_is_proved_to_compute_what_its_rtl_does(built, pdk, tmp_path):
    verdict = _prove(built, pdk, tmp_path)
    assert verdict.proved, verdict.reason
    assert verdict.latency_cycles == built.interface.latency_cycles
    assert verdict.outputs == sum(built.interface.output_widths) + 1


def _changed(built, folder, change):
    """The netlist with one change in both of its files."""
    folder.mkdir()
    paths = []
    for path in (built.netlist.verilog, built.netlist.json):
        paths.append(folder / path.name)
        paths[-1].write_text(change(path.read_text()))
    return Netlist(*paths, built.netlist.top)


def test_a_changed_gate_is_found(built, pdk, tmp_path):
    name = re.search(r"NAND2_X1 (\w+)", built.netlist.verilog.read_text())[1]

    def change(text):
        if text.startswith("{"):
            design = json.loads(text)
            for module in design["modules"].values():
                if name in module["cells"] and module["cells"][name]["type"] == "NAND2_X1":
                    module["cells"][name]["type"] = "NOR2_X1"
                    break
            return json.dumps(design)
        return text.replace(f"NAND2_X1 {name} ", f"NOR2_X1 {name} ", 1)

    verdict = _prove(built, pdk, tmp_path, _changed(built, tmp_path / "changed", change))
    assert not verdict.proved
    assert "NOT EQUIVALENT" in verdict.reason


def test_a_changed_weight_is_found(built, pdk, library, tmp_path):
    text = (built.build / "rtl" / "encoder.v").read_text()
    changed = tmp_path / "changed.v"
    changed.write_text(re.sub(r"\+ ", "- ", text, count=1))
    assert changed.read_text() != text
    netlist = synthesise(changed, built.design.top, pdk, library, tmp_path / "netlist")
    verdict = _prove(built, pdk, tmp_path / "proof", netlist)
    assert not verdict.proved


def test_a_register_too_few_is_found(built, pdk, tmp_path):
    verdict = _prove(built, pdk, tmp_path, latency=built.interface.latency_cycles + 1)
    assert not verdict.proved
    assert re.search(r"comes \d clocks after the input, not \d", verdict.reason)


def test_a_register_that_one_bit_passes_by_is_found(built, pdk, tmp_path):
    design = json.loads(built.netlist.json.read_text())
    core = design["modules"]["encoder_core"]
    register = next(
        cell
        for cell in core["cells"].values()
        if cell["type"] == "DFF_X1" and cell["connections"]["Q"][0] not in _ports(core)
    )
    late, early = (register["connections"][pin][0] for pin in ("Q", "D"))
    for cell in core["cells"].values():
        if cell is not register:
            for pin, bits in cell["connections"].items():
                cell["connections"][pin] = [early if bit == late else bit for bit in bits]
    path = tmp_path / "early.json"
    path.write_text(json.dumps(design))
    netlist = Netlist(built.netlist.verilog, path, built.netlist.top)
    verdict = _prove(built, pdk, tmp_path / "proof", netlist)
    assert not verdict.proved
    assert re.search(r"mixes events|clocks after the input", verdict.reason)


def _ports(module):
    return {bit for port in module["ports"].values() for bit in port["bits"]}
