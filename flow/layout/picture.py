"""Pictures of a layout by KLayout."""

from __future__ import annotations

from pathlib import Path

COLOURS = {
    (65, 20): 0x6B8E4E,
    (66, 20): 0xC05A4A,
    (67, 20): 0x8C7AA8,
    (68, 20): 0x3B6FB0,
    (69, 20): 0xC77FB5,
    (70, 20): 0x4FA38F,
    (71, 20): 0xD9A441,
    (72, 20): 0x777777,
}
"""Diffusion, poly, li and m1 to m5: GDS layer and datatype."""


def draw_layout(gds: Path, picture: Path, pixels: int = 1600, part_um: float | None = None) -> None:
    """Save a PNG of a layout.

    Parameters
    ----------
    gds, picture : Path
    pixels : int
        Width and height.
    part_um : float, optional
        Side of a square in the middle that is shown; the whole by default.
    """
    from klayout import db, lay

    view = lay.LayoutView()
    view.set_config("background-color", "#ffffff")
    view.set_config("grid-visible", "false")
    view.set_config("text-visible", "false")
    view.load_layout(str(gds), False)
    view.clear_layers()
    for (layer, datatype), colour in COLOURS.items():
        shown = lay.LayerPropertiesNode()
        shown.source_layer, shown.source_datatype = layer, datatype
        shown.fill_color = shown.frame_color = colour
        shown.dither_pattern = 0
        shown.transparent = True
        view.insert_layer(view.end_layers(), shown)
    view.max_hier()
    view.zoom_fit()
    if part_um is not None:
        centre, half = view.box().center(), part_um / 2
        view.zoom_box(db.DBox(centre.x - half, centre.y - half, centre.x + half, centre.y + half))
    view.save_image(str(picture), pixels, pixels)
