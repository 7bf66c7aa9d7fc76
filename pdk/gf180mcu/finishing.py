"""What the generator's cells lack of gf180mcu: their outline, and the grid. Layers as in the public
PDK.
"""

from klayout import db

BOUNDARY = (0, 0)

GRID_UM = 0.005


def finish_cell(
    layout: db.Layout, cell: db.Cell, width: float, height: float
) -> dict[float, float]:
    """Put in the outline, and what is centred in a cell of odd width on the grid of masks; no
    transistor changes.
    """
    step = round(GRID_UM / layout.dbu)
    for layer in layout.layer_indexes():
        shapes = cell.shapes(layer)
        drawn = db.Region(shapes)
        if drawn.grid_check(step, step).count():
            texts = [shape.text for shape in shapes.each(db.Shapes.STexts)]
            shapes.clear()
            # Half a step is rounded up on one side of a shape and down on the other: all go down.
            shapes.insert(drawn.moved(-(step // 2), 0).snapped(step, step))
            for text in texts:
                shapes.insert(text)
    box = db.DBox(0, 0, width, height)
    cell.shapes(layout.layer(*BOUNDARY)).insert(box.to_itype(layout.dbu))
    return {}


def finish_block(layout: db.Layout, top: db.Cell) -> None:
    """Nothing: taps are diffusion, and contacts need no cut of their own."""
