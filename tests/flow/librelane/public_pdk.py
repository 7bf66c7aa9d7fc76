"""A PDK in the form that LibreLane reads, of the Nangate45 views: enough for lint and synthesis."""

from __future__ import annotations

from pathlib import Path

from hexcoder.pdk.description import load_pdk

NAME, LIBRARY = "nangate45", "NangateOpenCellLibrary"


def write_pdk(root: Path) -> Path:
    """Write PDK_ROOT/nangate45."""
    pdk = load_pdk("nangate45")
    tech = root / NAME / "libs.tech" / "librelane"
    cells = tech / LIBRARY
    cells.mkdir(parents=True)
    excluded = cells / "excluded.cells"
    excluded.write_text("")
    assert pdk.technology_lef is not None
    assert pdk.cell_lef is not None
    lef, liberty = pdk.file(pdk.cell_lef), pdk.liberty
    common = {
        "STD_CELL_LIBRARY": LIBRARY,
        "VDD_PIN": "VDD",
        "GND_PIN": "VSS",
        "TECH_LEFS": f"nom_* {pdk.file(pdk.technology_lef)}",
        "PRIMARY_GDSII_STREAMOUT_TOOL": "klayout",
        "DEFAULT_CORNER": "nom_tt_025C_1v10",
        "STA_CORNERS": "nom_tt_025C_1v10",
        "RT_MIN_LAYER": "metal2",
        "RT_MAX_LAYER": "metal7",
    }
    library = {
        "SCL_POWER_PINS": "VDD",
        "SCL_GROUND_PINS": "VSS",
        "FILL_CELLS": "FILLCELL_X1",
        "DECAP_CELLS": "FILLCELL_X2",
        "LIB": f"*_tt_025C_1v10 {liberty}",
        "CELL_LEFS": str(lef),
        "CELL_GDS": str(lef),
        "CELL_VERILOG_MODELS": str(pdk.file(pdk.cell_verilog)),
        "SYNTH_EXCLUDED_CELL_FILE": str(excluded),
        "PNR_EXCLUDED_CELL_FILE": str(excluded),
        "OUTPUT_CAP_LOAD": "10",
        "MAX_FANOUT_CONSTRAINT": "20",
        "CLOCK_UNCERTAINTY_CONSTRAINT": "0.1",
        "CLOCK_TRANSITION_CONSTRAINT": "0.1",
        "TIME_DERATING_CONSTRAINT": "5",
        "IO_DELAY_CONSTRAINT": "20",
        "SYNTH_DRIVING_CELL": "BUF_X2/Z",
        "SYNTH_TIEHI_CELL": "LOGIC1_X1/Z",
        "SYNTH_TIELO_CELL": "LOGIC0_X1/Z",
        "SYNTH_BUFFER_CELL": "BUF_X1/A/Z",
        "PLACE_SITE": "FreePDK45_38x28_10R_NP_162NW_34O",
        "CELL_PAD_EXCLUDE": "",
    }
    # The steps that read these are not run: no OpenROAD, Magic or Netgen.
    unused = str(excluded)
    magic = root / NAME / "libs.tech" / "magic"
    magic.mkdir()
    (magic / f"{NAME}.tcl").write_text("")
    pitches = "VWIDTH HWIDTH VSPACING HSPACING VPITCH HPITCH VOFFSET HOFFSET RAIL_OFFSET RAIL_WIDTH"
    rings = [f"CORE_RING_{d}{what}" for d in "VH" for what in ("WIDTH", "SPACING", "OFFSET")]
    common |= {f"PDN_{name}": "1" for name in [*pitches.split(), *rings]}
    common |= {
        "PDN_RAIL_LAYER": "metal1",
        "PDN_HORIZONTAL_LAYER": "metal5",
        "PDN_VERTICAL_LAYER": "metal4",
        "IO_PIN_H_LAYER": "metal3",
        "IO_PIN_V_LAYER": "metal2",
        "GRT_LAYER_ADJUSTMENTS": "0",
        "TIMING_VIOLATION_CORNERS": "*",
        "FP_TRACKS_INFO": unused,
        "RCX_RULESETS": f"* {unused}",
        "MAGICRC": unused,
        "MAGIC_TECH": unused,
        "KLAYOUT_TECH": unused,
        "KLAYOUT_PROPERTIES": unused,
        "KLAYOUT_DEF_LAYER_MAP": unused,
        "NETGEN_SETUP": unused,
    }
    library |= {
        "DPL_CELL_PADDING": "0",
        "GPL_CELL_PADDING": "0",
        "CTS_ROOT_BUFFER": "BUF_X4",
        "CTS_CLK_BUFFERS": "BUF_X2",
    }
    for path, values in ((tech / "config.tcl", common), (cells / "config.tcl", library)):
        lines = [f"set ::env({name}) {{{value}}}" for name, value in values.items()]
        path.write_text("\n".join(lines) + "\n")
    return root
