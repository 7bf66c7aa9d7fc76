"""Rules and numbers of gf180mcu at 3.3 V: GlobalFoundries' public design manual (NW, DF, PL, NP,
PP, CO, Mn, Vn, MT), in um.
"""

from collections.abc import Iterator

from hexcoder.pdk.rules import Conductor, CutRule, Drawing, Rule, Rules

_METAL = {"width": 0.28, "spacing": 0.28, "area": 0.1444}
_VIA = {"size": 0.26, "spacing": 0.26}


def _contacts_implants_and_wells(drawing: Drawing) -> Iterator[Rule]:
    comp, poly, nwell = (drawing.regions[name] for name in ("comp", "poly", "nwell"))
    nplus, pplus = drawing.regions["nplus"], drawing.regions["pplus"]
    contacts = drawing.region(RULES.cuts["contact"].layer)
    gates = comp & poly
    on_poly, on_comp = contacts & poly, contacts & comp
    yield drawing.inside("CO.3 (poly round contacts)", on_poly, poly, 0.07)
    yield drawing.inside("CO.4 (diffusion round contacts)", on_comp, comp, 0.07)
    yield drawing.apart("CO.7 (contacts on diffusion to gates)", on_comp, gates, 0.15)
    yield drawing.apart("CO.8 (contacts on poly to diffusion)", on_poly, comp, 0.17)
    yield drawing.rule("CO.10 (contacts on gates)", contacts & gates)
    yield drawing.rule("CO.11 (contacts on field oxide)", contacts - poly - comp)
    ncomp, pcomp = comp & nplus, comp & pplus
    yield drawing.rule("DF.12 (diffusion without implant)", comp - nplus - pplus)
    yield drawing.rule("NP, PP (diffusion with both implants)", ncomp & pplus)
    sides = {"n": ncomp - nwell, "p": pcomp & nwell}
    ties = {"n": ncomp & nwell, "p": pcomp - nwell}
    for kind, implant in (("n", nplus), ("p", pplus)):
        name = f"{kind.upper()}P"
        yield drawing.inside(f"{name}.5a (implant round gates)", gates & sides[kind], implant, 0.23)
        yield drawing.inside(f"{name}.5b (implant round diffusion)", sides[kind], implant, 0.16)
        yield drawing.inside(f"{name}.5d (implant round ties)", ties[kind], implant, 0.02)
    yield drawing.apart("NP.3 (N+ to P diffusion)", sides["p"], nplus, 0.16)
    yield drawing.apart("PP.3 (P+ to N diffusion)", sides["n"], pplus, 0.16)
    yield drawing.inside("DF.4c (well round P diffusion)", sides["p"], nwell, 0.43)
    yield drawing.inside("DF.4d (well round its ties)", ties["n"], nwell, 0.12)
    yield drawing.apart("DF.16 (N diffusion to well)", sides["n"], nwell, 0.43)
    yield drawing.apart("DF.17 (the substrate's ties to well)", ties["p"], nwell, 0.12)
    yield drawing.beyond("PL.4 (poly beyond gates)", poly, comp, 0.22)
    yield drawing.beyond("DF.6 (diffusion beyond gates)", comp, poly, 0.24)
    yield drawing.apart("PL.5 (poly to diffusion)", poly, comp, 0.1)


RULES = Rules(
    conductors={
        "nwell": Conductor((21, 0), 0.86, 0.60),
        "comp": Conductor((22, 0), 0.22, 0.28, 0.2025),
        "nplus": Conductor((32, 0), 0.40, 0.40, 0.35),
        "pplus": Conductor((31, 0), 0.40, 0.40, 0.35),
        "poly": Conductor((30, 0), 0.18, 0.24),
        "m1": Conductor((34, 0), 0.23, 0.23, 0.1444),
        "m2": Conductor((36, 0), **_METAL),
        "m3": Conductor((42, 0), **_METAL),
        "m4": Conductor((46, 0), **_METAL),
        "m5": Conductor((81, 0), **_METAL),
        "m6": Conductor((53, 0), 0.44, 0.46, 0.5625),
    },
    cuts={
        "contact": CutRule((33, 0), 0.22, 0.25, (("m1", 0.005, 0.06),)),
        "via1": CutRule((35, 0), **_VIA, enclosures=(("m1", 0.0, 0.06), ("m2", 0.01, 0.06))),
        "via2": CutRule((38, 0), **_VIA, enclosures=(("m2", 0.01, 0.06), ("m3", 0.01, 0.06))),
        "via3": CutRule((40, 0), **_VIA, enclosures=(("m3", 0.01, 0.06), ("m4", 0.01, 0.06))),
        "via4": CutRule((41, 0), **_VIA, enclosures=(("m4", 0.01, 0.06), ("m5", 0.01, 0.06))),
        "via5": CutRule((82, 0), **_VIA, enclosures=(("m5", 0.01, 0.06), ("m6", 0.01, 0.06))),
    },
    grid="grid",
    most_dense={},
    special=_contacts_implants_and_wells,
)
