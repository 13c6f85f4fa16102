"""Which parts of a picture show a fault, for the eyes of a person: cells to be framed in a drawing.

Only an illustration: it takes part in no judgement. Each kind has its own simple reading of "here"; kinds that are of
the whole picture have none.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Cells = NDArray[np.bool_]
Grey = NDArray[np.float32]

#: Rows and columns of the raster.
ROWS, COLUMNS = 9, 16


def marked(kind: str, newest: Image, earlier: Image | None) -> Cells | None:
    """Cells (ROWS, COLUMNS) of the BGR picture ``newest`` that show ``kind``; None where there are none to show.

    ``earlier``: the picture it is compared with, of the same size.
    """
    if kind in _COMPARED and earlier is not None and earlier.shape == newest.shape:
        cells = _COMPARED[kind](np.abs(_grey(newest) - _grey(earlier)))
    elif kind in _ALONE:
        cells = _ALONE[kind](newest)
    else:
        return None
    return cells if cells.any() else None


def _grey(image: Image) -> Grey:
    grey: Grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return grey


def _mean(values: NDArray[np.float32]) -> Grey:
    return np.asarray(cv2.resize(values, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def _spread(grey: Grey) -> Grey:
    return np.asarray(np.sqrt(np.maximum(_mean(grey * grey) - _mean(grey) ** 2, 0.0)), np.float32)


def _edges(grey: Grey) -> Grey:
    """The strongest edges of each cell: the mean of what is largest in each 8 x 8 pixels."""
    strength = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    return _mean(cv2.dilate(strength, np.ones((9, 9), np.uint8)))  # type: ignore[arg-type]


def _blurred(image: Image) -> Cells:
    return _edges(cv2.GaussianBlur(_grey(image), (3, 3), 0)) < 12.0  # type: ignore[arg-type]


def _white(image: Image) -> Cells:
    return _mean((_grey(image) >= 245).astype(np.float32)) > 0.5


def _dark(image: Image) -> Cells:
    return _mean(_grey(image)) < 40.0


def _pale(image: Image) -> Cells:
    return _spread(_grey(image)) < 12.0


def _coloured(image: Image) -> Cells:
    _, red, blue = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb).astype(np.float32))
    return np.hypot(_mean(red) - 128.0, _mean(blue) - 128.0) > 14.0  # type: ignore[arg-type]


def _noisy(image: Image) -> Cells:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    noise = _mean(cv2.absdiff(grey, cv2.medianBlur(grey, 3)).astype(np.float32))
    return noise >= max(4.0, float(np.median(noise)))


def _striped(image: Image) -> Cells:
    """Rows or columns, whichever vary more, that stand out of their neighbourhood as a whole."""
    grey = _grey(image)
    lines = [grey.mean(axis=axis) for axis in (1, 0)]
    off = [np.abs(line - cv2.blur(line.reshape(-1, 1), (1, 25)).ravel()) for line in lines]
    axis = int(off[1].mean() > off[0].mean())
    count = (ROWS, COLUMNS)[axis]
    hit = np.array([part.max() for part in np.array_split(off[axis], count)]) > max(
        3.0, 0.5 * off[axis].max()
    )
    return np.tile(hit[:, None], (1, COLUMNS)) if axis == 0 else np.tile(hit[None, :], (ROWS, 1))


def _blocky(image: Image) -> Cells:
    """Exactly flat inside and stepped between."""
    grey = _grey(image)
    flat = _mean((np.abs(cv2.Laplacian(grey, cv2.CV_32F)) < 1.0).astype(np.float32))
    return (flat > 0.35) & (_spread(grey) > 6.0)


def _featureless(image: Image) -> Cells:
    """The largest part without detail: road and sky have little, but lie in smaller or rougher parts."""
    grey = _grey(image)
    edges = _edges(grey)
    plain = (edges < min(14.0, 0.2 * float(np.percentile(edges, 95)))) & (_spread(grey) < 20.0)
    count, parts, figures, _ = cv2.connectedComponentsWithStats(plain.astype(np.uint8), connectivity=4)
    if count < 2:
        return plain
    return parts == 1 + int(figures[1:, cv2.CC_STAT_AREA].argmax())  # type: ignore[no-any-return]


def _still(change: Grey) -> Cells:
    return _mean(change) < 0.5


def _changed(change: Grey) -> Cells:
    return _mean(change) > 20.0


_ALONE: dict[str, Callable[[Image], Cells]] = {
    "blur": _blurred,
    "overexposed": _white,
    "underexposed": _dark,
    "low_contrast": _pale,
    "colour_cast": _coloured,
    "snow_noise": _noisy,
    "stripes": _striped,
    "mosaic": _blocky,
    "occlusion": _featureless,
}
_COMPARED: dict[str, Callable[[Grey], Cells]] = {"frozen": _still, "scene_change": _changed}
#: The kinds that can be shown.
KINDS = frozenset((*_ALONE, *_COMPARED))
