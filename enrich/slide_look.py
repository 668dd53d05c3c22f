"""What two small grey pictures have in common, and whether one is drawn or filmed. Pure.

Pictures are compared in blocks, because a mean over the picture drowns a new line of text in the noise of a camera.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]  # (n, 90, 160), or one of them without n
Blocks = npt.NDArray[np.bool_]  # (9, 16), or a stack of them
Pixels = npt.NDArray[np.bool_]  # (90, 160), or a stack of them

SHAPE = (90, 160)  # rows, columns of a picture
BLOCK = 10
GRID = (SHAPE[0] // BLOCK, SHAPE[1] // BLOCK)
PIXEL = 16  # of 255: more than a good encoder's noise, less than thin grey text that was scaled down
_PIXELS = 2  # of the 100 in a block, more than which are a change
BLOCKS = 2  # touched blocks that are a change: of a short line, or a cursor that moved
_INK = 30  # changed pixels that are more than a cursor gone from one place to another
_SMOOTH, _EDGE = 2, 24  # steps of brightness from pixel to pixel: paint, the edge of a letter
_DRAWN, _INKED = 0.5, 0.004  # shares of a drawn picture: smooth, edges. Cameras: at most 0.4 smooth (measured)
_REST = 0.25  # of the picture that is not busy; with less of it there is nothing to call a slide
_KEPT = 0.75  # of the old edges that a build leaves where they were
_DECK, _MOST = 4, 0.7  # so many slides have a template, which is on this share of them


def touched(a: Pictures, b: Pictures) -> Blocks:
    """Blocks in which two pictures (or stacks of them) differ visibly."""
    changed = _changed(a, b)
    blocks = changed.reshape(*changed.shape[:-2], GRID[0], BLOCK, GRID[1], BLOCK)
    return np.asarray(np.count_nonzero(blocks, axis=(-3, -1)) > _PIXELS)


def differs(a: Pictures, b: Pictures, busy: Blocks) -> bool:
    """Whether there is another slide on b than on a, leaving out busy blocks."""
    blocks = touched(a, b) & ~busy
    return bool(np.count_nonzero(blocks) >= BLOCKS and np.count_nonzero(_changed(a, b) & of_pixels(blocks)) >= _INK)


def is_build(a: Pictures, b: Pictures, left_out: Pixels) -> bool:
    """Whether what is written on a is still there on b."""
    ink = _edges(a) & ~left_out
    count = np.count_nonzero(ink)
    return bool(count > 0 and np.count_nonzero(ink & ~_changed(a, b)) >= _KEPT * count)


def template(pictures: Pictures) -> Pixels:
    """What is written on most of the slides, given one picture of each: a header, a logo, a frame. Of few, nothing is."""
    if len(pictures) < _DECK:
        return np.zeros(SHAPE, dtype=bool)
    return np.asarray(np.mean([_edges(picture) for picture in pictures], axis=0) >= _MOST)


def is_drawn(picture: Pictures, busy: Blocks) -> bool:
    """Whether a picture is drawn, not filmed: smooth in most places, with edges. Busy blocks are left out."""
    rest = ~of_pixels(busy)
    count = np.count_nonzero(rest)
    if count < _REST * rest.size:
        return False
    steps = _steps(picture)
    return bool(np.count_nonzero((steps <= _SMOOTH) & rest) >= _DRAWN * count
                and np.count_nonzero((steps > _EDGE) & rest) >= _INKED * count)


def _changed(a: Pictures, b: Pictures) -> Pixels:
    return np.asarray(np.maximum(a, b) - np.minimum(a, b) > PIXEL)


def of_pixels(blocks: Blocks) -> Pixels:
    """The pixels of these blocks."""
    return np.asarray(blocks.repeat(BLOCK, axis=-2).repeat(BLOCK, axis=-1))


def _steps(picture: Pictures) -> npt.NDArray[np.int16]:
    """How far the brightness of each pixel is from its right and its lower neighbour's."""
    value = picture.astype(np.int16)
    across = np.abs(np.diff(value, axis=1, append=value[:, -1:]))
    down = np.abs(np.diff(value, axis=0, append=value[-1:]))
    return np.maximum(across, down)


def _edges(picture: Pictures) -> Pixels:
    return np.asarray(_steps(picture) > _EDGE)
