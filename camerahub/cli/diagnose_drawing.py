"""`diagnose --picture`: one item as a sheet that shows why, several as a wall of verdicts.

It draws pixels that a caged child has decoded; this process never touches the file of a picture.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from camerahub.cli import diagnose_pen as pen
from camerahub.cli.diagnose_pen import Image
from camerahub.cli.diagnose_pool import Judged
from camerahub.cli.diagnose_report import unknown, writable
from camerahub.cli.diagnose_sheet import sheet
from camerahub.core.texts import Text, text
from camerahub.registry.tablefile.files import writing

#: Tiles of a wall; of more items the faulty ones come first.
MOST_TILES = 200
_TILE = (240, 135)
_CAPTION, _GAP, _HEAD = 42, 8, 46
#: Pictures of an item that a sheet shows, and how large.
_SHEET_PICTURES, _SHEET_SIDE = 6, 640


@dataclass(slots=True)
class Tile:
    """One item on the wall."""

    order: int
    name: str
    verdict: str
    image: Image | None
    caption: Text
    note: Text | None
    warned: bool


class Drawing:
    """Collects what is to be drawn of ``items`` items for the PNG file ``path``."""

    def __init__(self, path: Path, items: int) -> None:
        self._path, self._wall = path, items > 1
        self._kept: dict[str, list[Tile]] = {"fault": [], "unknown": [], "ok": []}
        self._one: Judged | None = None
        self._count = 0

    @property
    def pictures(self) -> int:
        """How many pictures of each item are wanted."""
        return 1 if self._wall else _SHEET_PICTURES

    @property
    def side(self) -> int:
        """How many pixels their longer side may have."""
        return _TILE[0] if self._wall else _SHEET_SIDE

    def take(self, judged: Judged) -> None:
        """One more item; bounded, whatever comes."""
        self._count += 1
        if not self._wall:
            self._one = judged
            return
        kept = self._kept[judged.verdict.verdict]
        if len(kept) < MOST_TILES:
            kept.append(_tile(self._count, judged))

    def write(self, verdicts: Counter[str]) -> None:
        """The file. TableFileError for the path, EnvironmentFault for the disk, when it cannot be written."""
        encoded = cv2.imencode(".png", self._drawn(verdicts))[1].tobytes()
        with writing(self._path):
            self._path.write_bytes(encoded)

    def _drawn(self, verdicts: Counter[str]) -> Image:
        if self._one is not None:
            return sheet(self._one, images(self._one))
        return wall(self.tiles(), verdicts)

    def tiles(self) -> list[Tile]:
        """What the wall shows: faults before unknown before the rest when there are too many; in their order."""
        ranked = [tile for kind in ("fault", "unknown", "ok") for tile in self._kept[kind]][:MOST_TILES]
        return sorted(ranked, key=lambda tile: tile.order)


def images(judged: Judged) -> list[Image]:
    """The pixels that came with an item, BGR (h, w, 3), the newest last."""
    shown = zip(judged.pixels, judged.verdict.shown, strict=True)
    return [np.frombuffer(raw, np.uint8).reshape(*size, 3) for raw, size in shown]


def _tile(order: int, judged: Judged) -> Tile:
    verdict = judged.verdict
    pictures = images(judged)
    return Tile(
        order,
        writable(judged.item.name),
        verdict.verdict,
        pictures[-1] if pictures else None,
        _caption(judged),
        unknown(judged),
        any(found.level == "warn" for found in verdict.findings),
    )


def _caption(judged: Judged) -> Text:
    """The worst of what was found, or the verdict."""
    verdict = judged.verdict
    if not verdict.findings:
        return text(f"diagnose.verdict.{verdict.verdict}")
    kinds = [text(f"diagnose.kind.{found.kind}") for found in verdict.findings[:3]]
    return Text(" ".join(kind.zh for kind in kinds), ", ".join(kind.en for kind in kinds))


def wall(tiles: list[Tile], verdicts: Counter[str]) -> Image:
    """A contact sheet in the order of ``tiles``."""
    columns = max(1, min(10, math.ceil(math.sqrt(len(tiles)))))
    columns = max(columns, min(3, len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    wide, high = _TILE[0] + _GAP, _TILE[1] + _CAPTION + _GAP
    canvas = np.full((_HEAD + rows * high + _GAP, columns * wide + _GAP, 3), pen.GROUND, np.uint8)
    _headline(canvas, len(tiles), verdicts)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        _place(canvas, tile, (_GAP + column * wide, _HEAD + row * high))
    return canvas


def _headline(canvas: Image, shown: int, verdicts: Counter[str]) -> None:
    counts = {name: verdicts[name] for name in ("ok", "fault", "unknown")}
    words = pen.said(text("diagnose.draw.wall", items=verdicts.total(), **counts))
    if shown < verdicts.total():
        words += "  " + pen.said(text("diagnose.draw.shown", shown=shown))
    pen.write(
        canvas, pen.fitted(words, 20, canvas.shape[1] - 2 * _GAP), (_GAP + 2, 30), 20, pen.INK, bold=True
    )


def _place(canvas: Image, tile: Tile, at: tuple[int, int]) -> None:
    left, top = at
    wide, high = _TILE
    colour = pen.AMBER if tile.warned and tile.verdict == "ok" else pen.VERDICTS[tile.verdict]
    pen.box(canvas, at, wide, high + _CAPTION, pen.PANEL)
    if tile.image is not None:
        put(canvas, tile.image, at, wide, high)
    elif tile.note is not None:
        for line, words in enumerate(pen.wrapped(pen.said(tile.note), 13, wide - 20, 5)):
            pen.write(canvas, words, (left + 10, top + 36 + 20 * line), 13, pen.DIM)
    pen.box(canvas, (left, top + high), wide, 3, colour)
    pen.frame(canvas, at, wide, high + _CAPTION, colour)
    pen.write(
        canvas,
        pen.fitted(pen.said(tile.caption), 15, wide - 14),
        (left + 8, top + high + 20),
        15,
        colour,
        bold=True,
    )
    pen.write(canvas, pen.fitted(tile.name, 11, wide - 14), (left + 8, top + high + 36), 11, pen.DIM)


def put(canvas: Image, image: Image, at: tuple[int, int], wide: int, high: int) -> None:
    """``image`` in a box of the canvas, whole and in the middle."""
    height, width = image.shape[:2]
    share = min(wide / width, high / height)
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC)
    left, top = at[0] + (wide - size[0]) // 2, at[1] + (high - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
