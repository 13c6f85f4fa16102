"""One item on one sheet: the newest picture with what was found marked in it, the verdict, why, and every measure."""

from __future__ import annotations

import math

import cv2
import numpy as np

from camerahub.cli import diagnose_pen as pen
from camerahub.cli.diagnose_line import Finding, Verdict
from camerahub.cli.diagnose_pen import Image
from camerahub.cli.diagnose_pool import Judged
from camerahub.cli.diagnose_report import unknown, writable
from camerahub.cli.diagnose_where import KINDS, Cells, marked
from camerahub.core.texts import CATALOGUE, Text, text

_WIDE, _EDGE, _HEAD = 1280, 20, 64
#: The picture's box, and the column to its right.
_PICTURE = (840, 472)
_PANEL = _EDGE + _PICTURE[0] + _EDGE
_STRIP = 96
#: Measures in columns; the rest is for ``--json``.
_ACROSS, _ROW, _MOST = 5, 20, 200


def sheet(judged: Judged, images: list[Image]) -> Image:
    """The sheet of one item; ``images`` BGR, the newest last, none when there is no picture."""
    verdict = judged.verdict
    strip = _STRIP + 26 if len(images) > 1 else 0
    names = list(verdict.measures)[:_MOST]
    table = math.ceil(len(names) / _ACROSS) * _ROW + 50 if names else 0
    canvas = np.full((_HEAD + _PICTURE[1] + _EDGE + strip + table, _WIDE, 3), pen.GROUND, np.uint8)
    _headline(canvas, judged)
    shown = _picture(canvas, verdict, images)
    _findings(canvas, judged, shown)
    if strip:
        _earlier(canvas, images, _HEAD + _PICTURE[1] + 6)
    if names:
        _measures(canvas, verdict, names, _HEAD + _PICTURE[1] + _EDGE + strip)
    return canvas


def _headline(canvas: Image, judged: Judged) -> None:
    verdict = judged.verdict
    colour = pen.VERDICTS[verdict.verdict]
    words = text(f"diagnose.verdict.{verdict.verdict}")
    badge = pen.width(pen.said(words), 24) + 32
    pen.box(canvas, (_EDGE, 14), badge, 36, colour)
    pen.write(canvas, pen.said(words), (_EDGE + 16, 40), 24, pen.GROUND, bold=True)
    facts = "   ".join(_facts(verdict))
    room = _WIDE - badge - 4 * _EDGE - pen.width(facts, 15)
    end = pen.write(
        canvas, pen.fitted(writable(judged.item.name), 18, room), (2 * _EDGE + badge, 39), 18, pen.INK
    )
    pen.write(canvas, facts, (max(end + _EDGE, _PANEL), 39), 15, pen.DIM)


def _facts(verdict: Verdict) -> list[str]:
    facts = []
    mode = f"diagnose.mode.{verdict.mode}"
    if mode in CATALOGUE:
        facts.append(pen.said(text(mode)))
    if verdict.width:
        facts.append(f"{verdict.width} x {verdict.height}")
    if verdict.pictures > 1:
        facts.append(pen.said(text("diagnose.draw.pictures", count=verdict.pictures)))
    if verdict.gap_s is not None:
        facts.append(pen.said(text("diagnose.draw.gap", gap=f"{verdict.gap_s:g}")))
    return facts


def _picture(canvas: Image, verdict: Verdict, images: list[Image]) -> Finding | None:
    """The newest picture with the cells of the first finding that has some; returns that finding."""
    wide, high = _PICTURE
    pen.box(canvas, (_EDGE, _HEAD), wide, high, pen.PANEL)
    if not images:
        return None
    image = _fitted(images[-1], verdict, wide, high)
    found, cells = _where(verdict, images)
    if found is not None and cells is not None:
        _mark(image, cells, pen.LEVELS[found.level])
    left, top = _EDGE + (wide - image.shape[1]) // 2, _HEAD + (high - image.shape[0]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return found


def _fitted(image: Image, verdict: Verdict, wide: int, high: int) -> Image:
    """In the shape of its source: working pictures are squeezed."""
    width, height = verdict.width or image.shape[1], verdict.height or image.shape[0]
    share = min(wide / width, high / height)
    size = max(1, round(width * share)), max(1, round(height * share))
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _where(verdict: Verdict, images: list[Image]) -> tuple[Finding | None, Cells | None]:
    earlier = images[-2] if len(images) > 1 else None
    for found in verdict.findings:
        cells = marked(found.kind, images[-1], earlier)
        if cells is not None:
            return found, cells
    return None, None


def _mark(image: Image, cells: Cells, colour: pen.Colour) -> None:
    """A line around what belongs together, and a tint inside unless it is nearly everything."""
    height, width = image.shape[:2]
    mask = cv2.resize(cells.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    if cells.mean() < 0.8:
        tinted = cv2.addWeighted(image, 0.85, np.full_like(image, colour), 0.15, 0)
        image[mask > 0] = tinted[mask > 0]
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(image, outlines, -1, colour, 2, cv2.LINE_AA)


def _findings(canvas: Image, judged: Judged, shown: Finding | None) -> None:
    at = _HEAD + 20
    said = unknown(judged)
    if said is not None:
        _paragraph(canvas, said, at, 15)
        return
    if not judged.verdict.findings:
        pen.write(canvas, pen.said(text("diagnose.draw.nothing")), (_PANEL, at), 18, pen.GREEN, bold=True)
        return
    for found in judged.verdict.findings:
        if at > _HEAD + _PICTURE[1] - 90:
            break
        at = _finding(canvas, found, at, where=found is shown)


def _finding(canvas: Image, found: Finding, at: int, *, where: bool) -> int:
    """Name, severity as a bar, what it looks like and what to check; returns where the next one begins."""
    colour, room = pen.LEVELS[found.level], _WIDE - _PANEL - _EDGE
    name, level = text(f"diagnose.kind.{found.kind}"), text(f"diagnose.level.{found.level}")
    end = pen.write(canvas, pen.said(name), (_PANEL, at), 20, colour, bold=True)
    aside = f"{name.en} · {level.zh}" if pen.knows_chinese() else level.en
    pen.write(canvas, aside, (end + 10, at), 14, pen.DIM)
    figure = f"{found.severity:.2f}"
    pen.write(canvas, figure, (_WIDE - _EDGE - pen.width(figure, 17), at), 17, pen.INK)
    pen.box(canvas, (_PANEL, at + 10), room, 7, pen.PANEL)
    pen.box(canvas, (_PANEL, at + 10), max(1, round(room * found.severity)), 7, colour)
    at = _paragraph(canvas, text(f"diagnose.why.{found.kind}"), at + 38, 14)
    if where and found.kind in KINDS:
        words = text(f"diagnose.where.{found.kind}")
        marked_words = Text(
            text("diagnose.draw.marked", what=words.zh).zh, text("diagnose.draw.marked", what=words.en).en
        )
        pen.write(canvas, pen.said(marked_words), (_PANEL, at), 13, colour)
        at += 18
    return at + 24


def _paragraph(canvas: Image, words: Text, at: int, size: int) -> int:
    room = _WIDE - _PANEL - _EDGE
    for line in pen.wrapped(pen.said(words), size, room, 6):
        pen.write(canvas, line, (_PANEL, at), size, pen.INK)
        at += size + 7
    return at


def _earlier(canvas: Image, images: list[Image], top: int) -> None:
    """The pictures before, oldest first."""
    pen.write(canvas, pen.said(text("diagnose.draw.earlier")), (_EDGE, top + 14), 13, pen.DIM)
    left = _EDGE
    for image in images[:-1]:
        wide = round(_STRIP * image.shape[1] / image.shape[0])
        small = cv2.resize(image, (wide, _STRIP), interpolation=cv2.INTER_AREA)
        if left + wide > _WIDE - _EDGE:
            break
        canvas[top + 22 : top + 22 + _STRIP, left : left + wide] = small
        left += wide + 8


def _measures(canvas: Image, verdict: Verdict, names: list[str], top: int) -> None:
    wide = (_WIDE - 2 * _EDGE) // _ACROSS
    head = pen.said(text("diagnose.draw.measures"))
    if len(names) < len(verdict.measures):
        head += "  " + pen.said(text("diagnose.draw.more", count=len(verdict.measures) - len(names)))
    pen.write(canvas, head, (_EDGE, top + 14), 14, pen.DIM)
    down = math.ceil(len(names) / _ACROSS)
    for number, name in enumerate(names):
        column, row = divmod(number, down)
        left, base = _EDGE + column * wide, top + 38 + row * _ROW
        value = verdict.measures[name]
        figure = "-" if value is None else f"{value:.4g}"
        pen.write(canvas, pen.fitted(name, 13, wide - 90), (left, base), 13, pen.DIM)
        pen.write(canvas, figure, (left + wide - 24 - pen.width(figure, 13), base), 13, pen.INK)
