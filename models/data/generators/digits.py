"""Digits printed in the fonts that come with matplotlib, shrunk to 12 x 12 pixels.

Each is turned, sheared, scaled and shifted at random, and its pixels are blurred and noisy.
"""

import functools

import numpy as np

SIDE = 12
GLYPH = 64
FONTS = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "STIXGeneral", "cmr10", "cmss10")


@functools.cache
def _glyphs() -> np.ndarray:
    """All digits in all fonts and weights: (fonts, 10, 64, 64), 0 to 1."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = []
    for font in FONTS:
        for weight in ("normal", "bold") if font.startswith("DejaVu") else ("normal",):
            for digit in "0123456789":
                figure = Figure(figsize=(1, 1), dpi=GLYPH)
                figure.text(
                    0.5, 0.5, digit, fontfamily=font, fontweight=weight, fontsize=56,
                    ha="center", va="center_baseline",
                )  # fmt: skip
                canvas = FigureCanvasAgg(figure)
                canvas.draw()
                pixels = np.asarray(canvas.buffer_rgba())[:, :, 0]
                drawn.append(1 - pixels / 255)
    return np.array(drawn).reshape(-1, 10, GLYPH, GLYPH)


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 12, 12, 1) of 0 to 1, and the digits (count,)."""
    glyphs = _glyphs()
    digits = random.integers(0, 10, count)
    fonts = random.integers(0, len(glyphs), count)
    turn, shear = random.normal(0, 0.15, count), random.normal(0, 0.15, count)
    scale = random.uniform(0.85, 1.2, (count, 2))
    shift = random.uniform(-0.1, 0.1, (count, 2))
    # Four samples a side and pixel are averaged.
    fine = (np.arange(SIDE * 4) + 0.5) / (SIDE * 2) - 1
    y, x = np.meshgrid(fine, fine, indexing="ij")
    images = []
    for start in range(0, count, 500):
        part = slice(start, start + 500)
        cos, sin = np.cos(turn[part]), np.sin(turn[part])
        px = x[None] - shift[part, 0, None, None]
        py = y[None] - shift[part, 1, None, None]
        gx = (cos[:, None, None] * px + sin[:, None, None] * py) / scale[part, 0, None, None]
        gy = (cos[:, None, None] * py - sin[:, None, None] * px) / scale[part, 1, None, None]
        gx += shear[part, None, None] * gy
        column = np.rint((gx * 0.42 + 0.5) * GLYPH - 0.5).astype(int)
        row = np.rint((gy * 0.42 + 0.5) * GLYPH - 0.5).astype(int)
        inside = (column >= 0) & (column < GLYPH) & (row >= 0) & (row < GLYPH)
        some = glyphs[fonts[part], digits[part]]
        which = np.arange(len(some))[:, None, None]
        values = some[which, row.clip(0, GLYPH - 1), column.clip(0, GLYPH - 1)] * inside
        images.append(values.reshape(-1, SIDE, 4, SIDE, 4).mean(axis=(2, 4)))
    pixels = np.concatenate(images) + random.normal(0, 0.06, (count, SIDE, SIDE))
    return pixels.clip(0, 1)[..., None].astype(np.float32), digits
