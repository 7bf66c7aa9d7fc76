"""Rules and numbers of sky130: SkyWater's public periphery rules (nwell, difftap, nsd, psd, poly,
npc, licon, li, ct, m1 to m5, via to via4, x.1b), in um.
"""

from collections.abc import Iterator

from hexcoder.pdk.rules import Conductor, CutRule, Drawing, Rule, Rules

CONTACT_IN_NPC, NPC_TO_GATE, CONTACT_TO_P_IMPLANT, IMPLANT_ROUND_DIFFUSION = 0.1, 0.09, 0.11, 0.125


def _contacts_and_implants(drawing: Drawing) -> Iterator[Rule]:
    """Contacts on poly, and implants round diffusion."""
    diff, tap, poly = (drawing.regions[name] for name in ("diff", "tap", "poly"))
    nwell, npc = drawing.regions["nwell"], drawing.regions["npc"]
    implant = {"n": drawing.regions["nsdm"], "p": drawing.regions["psdm"]}
    contacts = drawing.region(RULES.cuts["licon"].layer)
    on_poly = contacts.interacting(poly) - diff - tap
    yield drawing.inside("licon.15 (NPC round contacts on poly)", on_poly, npc, CONTACT_IN_NPC)
    yield drawing.apart(
        "licon.9 (contacts on poly to P+)", on_poly, implant["p"], CONTACT_TO_P_IMPLANT
    )
    yield drawing.rule("licon.9 (contacts on poly in P+)", on_poly & implant["p"])
    gates = diff & poly
    yield drawing.apart("npc.4 (NPC to gates)", gates, npc, NPC_TO_GATE)
    yield drawing.rule("npc.4 (NPC over gates)", gates & npc)
    for kind, side, well in (("n", diff - nwell, "nsd"), ("p", diff & nwell, "psd")):
        name = f"{well}.5a ({kind.upper()}+ round diffusion)"
        yield drawing.inside(name, side, implant[kind], IMPLANT_ROUND_DIFFUSION)
    tied = (diff & nwell & implant["n"]) + ((diff - nwell) & implant["p"])
    yield drawing.rule("difftap (a well's tie is tap, not diffusion)", tied)
    yield drawing.rule("difftap (tap beside diffusion)", tap & diff)


RULES = Rules(
    conductors={
        "nwell": Conductor((64, 20), 0.84, 1.27),
        "diff": Conductor((65, 20), 0.15, 0.27),
        "tap": Conductor((65, 44), 0.15, 0.27),
        "nsdm": Conductor((93, 44), 0.38, 0.0),
        "psdm": Conductor((94, 20), 0.38, 0.38),
        "npc": Conductor((95, 20), 0.27, 0.27),
        "poly": Conductor((66, 20), 0.15, 0.21),
        "li": Conductor((67, 20), 0.17, 0.17, 0.0561),
        "m1": Conductor((68, 20), 0.14, 0.14, 0.083),
        "m2": Conductor((69, 20), 0.14, 0.14, 0.0676),
        "m3": Conductor((70, 20), 0.30, 0.30, 0.24),
        "m4": Conductor((71, 20), 0.30, 0.30, 0.24),
        "m5": Conductor((72, 20), 1.60, 1.60, 4.0),
    },
    cuts={
        "licon": CutRule((66, 44), 0.17, 0.17),
        "mcon": CutRule((67, 44), 0.17, 0.19, (("li", 0.0, 0.0), ("m1", 0.03, 0.06))),
        "via": CutRule((68, 44), 0.15, 0.17, (("m1", 0.055, 0.085), ("m2", 0.055, 0.085))),
        "via2": CutRule((69, 44), 0.20, 0.20, (("m2", 0.04, 0.085), ("m3", 0.065, 0.065))),
        "via3": CutRule((70, 44), 0.20, 0.20, (("m3", 0.06, 0.09), ("m4", 0.065, 0.065))),
        "via4": CutRule((71, 44), 0.80, 0.80, (("m4", 0.19, 0.19), ("m5", 0.31, 0.31))),
    },
    grid="x.1b",
    most_dense={"li": 0.60, "m1": 0.60, "m2": 0.60, "m3": 0.60, "m4": 0.60, "m5": 0.76},
    special=_contacts_and_implants,
)
