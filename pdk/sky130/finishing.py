"""What the generator's cells lack to be made: marks, taps, implants, NPC.

Rules and layers are those of SkyWater's public documentation (periphery rules: licon.9, licon.15,
npc.1, npc.2, psd.1, psd.2, psd.5a, difftap; layers reference). All lengths in um. It works on
KLayout's cells, so that it can be run on any drawing; nothing of the generator is kept here.
"""

from klayout import db

DIFF, TAP, POLY, LICON, NWELL = (65, 20), (65, 44), (66, 20), (66, 44), (64, 20)
NSDM, PSDM, NPC = (93, 44), (94, 20), (95, 20)
STANDARD_CELL, BOUNDARY = (81, 4), (235, 4)

NPC_ROUND_CONTACT, NPC_SPACING = 0.10, 0.27
IMPLANT_ROUND_DIFFUSION, IMPLANT_WIDTH = 0.125, 0.38
IMPLANT_TO_CONTACT = 0.11
"""licon.9: of a contact on poly to P+ implant."""


class _Cell:
    def __init__(self, layout: db.Layout, cell: db.Cell):
        self.layout, self.cell = layout, cell

    def units(self, length: float) -> int:
        return round(length / self.layout.dbu)

    def region(self, layer: tuple[int, int]) -> db.Region:
        """Shapes of a layer, those of cells inside included."""
        index = self.layout.layer(*layer)
        return db.Region(self.cell.begin_shapes_rec(index)).merged()

    def put(self, layer: tuple[int, int], region: db.Region) -> None:
        """Let the cell's own shapes of a layer be a region."""
        shapes = self.cell.shapes(self.layout.layer(*layer))
        shapes.clear()
        shapes.insert(region.merged())

    def poly_contacts(self) -> db.Region:
        return self.region(LICON).interacting(self.region(POLY)) - self.region(DIFF)


def finish_cell(
    layout: db.Layout, cell: db.Cell, width: float, height: float
) -> dict[float, float]:
    """Put in what a drawn cell lacks; in place.

    P diffusion that lies too close to a contact on poly for its implant to keep away from that is
    cut back: its transistors become narrower. Their widths before and after are returned.
    """
    work = _Cell(layout, cell)
    widths = _cut_diffusion(work)
    _implant(work)
    work.put(NPC, npc_of(layout, work.poly_contacts()))
    _part_taps(work)
    box = db.Region(db.Box(0, 0, work.units(width), work.units(height)))
    for mark in (STANDARD_CELL, BOUNDARY):
        work.put(mark, box)
    return widths


def npc_of(layout: db.Layout, contacts: db.Region) -> db.Region:
    """Nitride cut round contacts on poly: one box round all that would be too close to part."""
    half = round(NPC_SPACING / 2 / layout.dbu)
    found = contacts.sized(round(NPC_ROUND_CONTACT / layout.dbu)).merged()
    while True:
        boxes = found.sized(half).merged().extents().sized(-half)
        if boxes.count() == found.count() and (boxes ^ found).is_empty():
            return found
        found = boxes.merged()


def _p_diffusion(work: _Cell) -> db.Region:
    """Of transistors, not of taps."""
    return work.region(DIFF) & work.region(NWELL) & work.region(PSDM)


def _cut_diffusion(work: _Cell) -> dict[float, float]:
    """Heights of P diffusions before and after, in um: widths of their transistors."""
    contacts, diffusion = work.poly_contacts(), _p_diffusion(work)
    close = contacts.sized(work.units(IMPLANT_TO_CONTACT + IMPLANT_ROUND_DIFFUSION)) & diffusion
    if close.is_empty():
        return {}
    # Straight across the cell, so that its transistors stay rectangles and of one width.
    line, dbu = close.bbox().top, work.layout.dbu
    cut, found = db.Region(), {}
    for polygon in diffusion.each():
        box = polygon.bbox()
        if box.bottom < line:
            cut += db.Region(db.Box(box.left, box.bottom, box.right, line)) & db.Region(polygon)
            found[round(box.height() * dbu, 4)] = round((box.top - line) * dbu, 4)
    work.put(DIFF, work.region(DIFF) - cut)
    return found


def _implant(work: _Cell) -> None:
    """P+ away from contacts on poly, and still round its diffusion."""
    contacts, implant = work.poly_contacts(), work.region(PSDM)
    needed = _p_diffusion(work).sized(work.units(IMPLANT_ROUND_DIFFUSION)) & implant
    away = contacts.sized(work.units(IMPLANT_TO_CONTACT))
    taps = (work.region(DIFF) - work.region(NWELL)) & implant
    kept = db.Region()
    for polygon in implant.each():
        stripe = db.Region(polygon)
        box, hit = polygon.bbox(), (away & stripe).bbox()
        if hit.empty() or not (stripe & taps).is_empty():
            kept += stripe
            continue
        wanted = (needed & stripe).bbox()
        if wanted.bottom >= hit.top:
            # Above all contacts: straight from side to side, as the neighbours' implants are.
            low = db.Box(box.left, box.bottom, box.right, min(wanted.bottom, box.top))
            kept += stripe - db.Region(low)
            continue
        # From each contact down, and what would be too narrow between them.
        half = work.units(IMPLANT_WIDTH / 2)
        down = db.Region()
        for near in (away & stripe).each():
            one = near.bbox()
            down += db.Region(db.Box(one.left, box.bottom, one.right, one.top))
        down = down.sized(half).sized(-half) - needed
        kept += (stripe - down).sized(-half).sized(half) + (needed & stripe)
    work.put(PSDM, kept)


def _part_taps(work: _Cell) -> None:
    """Diffusion that ties a well or the substrate has a layer of its own."""
    diffusion, well = work.region(DIFF), work.region(NWELL)
    tied = (well & work.region(NSDM)) + (work.region(PSDM) - well)
    taps = diffusion.interacting(diffusion & tied) - (diffusion - tied)
    work.put(DIFF, diffusion - taps)
    work.put(TAP, taps)


def finish_block(layout: db.Layout, top: db.Cell) -> None:
    """What a block of finished cells lacks: NPC between neighbours."""
    _fill_npc(_Cell(layout, top))


def _fill_npc(work: _Cell) -> None:
    """Fill what is too narrow between the NPC of neighbours."""
    there = work.region(NPC)
    least = work.units(NPC_SPACING)
    fillings = db.Region()
    for pair in there.space_check(least, False, db.Region.Euclidian).each():
        fillings += db.Region(pair.bbox())
    half = least // 2 + 1
    fillings += (there + fillings).sized(half).sized(-half)
    work.cell.shapes(work.layout.layer(*NPC)).insert((fillings - there).merged())
