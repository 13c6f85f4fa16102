"""What `diagnose` was asked to look at: pictures, clips, folders and lines of an items file become items in order.

Nothing is decoded here. What cannot be used is an item, too: it has its line in the answer.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from camerahub.core.errors import ConfigError
from camerahub.core.texts import Text, text

#: What is looked at in a folder, by the ending of its name; a file that is named is judged by its content.
PICTURES = (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp")
CLIPS = (".mp4", ".m4v", ".avi", ".mkv")
#: Pictures of one item; of a longer sequence the newest.
MOST_PICTURES = 32
#: Bytes of one line of an items file, and of the whole file.
MOST_LINE, MOST_ITEMS_FILE = 64 << 10, 1 << 30

#: Longer than any camera was ever watched.
MOST_GAP_S = 1e10


class Problem(NamedTuple):
    """Why an item cannot be judged: ``name`` under ``diagnose.problem`` of the catalogue, and its fields."""

    name: str
    what: str = ""
    line: int = 0
    why: Text | None = None

    def said(self) -> Text:
        """The sentence in both languages."""
        key = f"diagnose.problem.{self.name}"
        if self.why is None:
            return text(key, what=self.what)
        return Text(
            text(key, line=self.line, why=self.why.zh).zh, text(key, line=self.line, why=self.why.en).en
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to judge. ``key`` is ``path`` or ``id``, ``name`` its value; ``files`` the newest last.

    ``gap_s`` seconds between the last two, None when nobody said. ``problem``: it is refused already.
    """

    key: str
    name: str
    files: tuple[Path, ...] = ()
    gap_s: float | None = None
    problem: Problem | None = None


@dataclass(slots=True)
class Asked:
    """All items in order; ``skipped`` files of folders that are no pictures; ``notes`` for people."""

    items: list[Item] = field(default_factory=list)
    skipped: int = 0
    notes: list[Text] = field(default_factory=list)


def from_paths(paths: Sequence[Path], asked: Asked, *, sequence: bool, gap_s: float | None) -> None:
    """Each file, and each file of a folder, as an item; all of them as one with ``sequence``."""
    found: list[Item] = []
    for path in paths:
        found += _of_folder(path, asked) if os.path.isdir(path) else [_of_file(path)]
    if sequence and found:
        found = [_as_one(found, asked, gap_s)]
    asked.items += found


def _of_file(path: Path) -> Item:
    return Item("path", str(path), (path,), None, unusable(path))


def unusable(path: Path) -> Problem | None:
    """Why ``path`` cannot be opened, or None. Opens nothing: a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Problem("missing", str(path))
    except (OSError, ValueError) as error:
        return Problem("unreadable", f"{path} ({getattr(error, 'strerror', None) or error})")
    return None if stat.S_ISREG(mode) else Problem("not_file", str(path))


def _of_folder(folder: Path, asked: Asked) -> list[Item]:
    found = []
    for path in _walk(folder, asked):
        if path.suffix.lower() in PICTURES + CLIPS:
            found.append(_of_file(path))
        else:
            asked.skipped += 1
    return found or [Item("path", str(folder), problem=Problem("no_pictures", str(folder)))]


def _walk(folder: Path, asked: Asked) -> Iterator[Path]:
    """Every file below, sorted; links to folders are not followed, for they may lead in a circle."""

    def shut(error: OSError) -> None:
        asked.notes.append(Problem("unreadable", f"{error.filename} ({error.strerror})").said())

    for root, folders, files in os.walk(folder, onerror=shut):
        folders.sort()
        yield from (Path(root, name) for name in sorted(files))


def _as_one(found: list[Item], asked: Asked, gap_s: float | None) -> Item:
    bad = next((item.problem for item in found if item.problem), None)
    newest = found[-1].name
    if len(found) > MOST_PICTURES:
        asked.notes.append(text("diagnose.newest_only", what=newest, count=len(found), most=MOST_PICTURES))
    files = tuple(file for item in found[-MOST_PICTURES:] for file in item.files)
    return Item("path", newest, files, gap_s, bad)


def from_lines(path: str, asked: Asked) -> None:
    """Each line of an items file as an item; blank lines are passed over. ConfigError when it cannot be read."""
    folder = Path() if path == "-" else Path(path).parent
    for number, raw in enumerate(_raw_lines(path), 1):
        if raw.strip():
            asked.items.append(_of_line(number, raw, folder))


def _raw_lines(path: str) -> list[bytes]:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MOST_ITEMS_FILE + 1)
        else:
            if problem := unusable(Path(path)):
                raise ConfigError(f"diagnose.problem.{problem.name}", what=problem.what)
            with Path(path).open("rb") as file:
                data = file.read(MOST_ITEMS_FILE + 1)
    except OSError as error:
        raise ConfigError("diagnose.items_unreadable", path=path, problem=error.strerror) from None
    if len(data) > MOST_ITEMS_FILE:
        raise ConfigError("diagnose.items_unreadable", path=path, problem=f"> {MOST_ITEMS_FILE} bytes")
    return data.removeprefix(b"\xef\xbb\xbf").splitlines()


class _LineError(ValueError):
    """A line that is no item; ``why`` in both languages."""

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(key)
        self.why = text(key, **fields)


def _of_line(number: int, raw: bytes, folder: Path) -> Item:
    name = f"#{number}"
    try:
        entry = _parsed(raw)
        name = _id(entry)
        files, gap_s = _images(entry, folder), _gap(entry)
    except _LineError as error:
        return Item("id", name, problem=Problem("bad_line", line=number, why=error.why))
    if not files:
        return Item("id", name, problem=Problem("no_pictures", name))
    problem = next((why for file in files if (why := unusable(file))), None)
    return Item("id", name, files, gap_s, problem)


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > MOST_LINE:
        raise _LineError("diagnose.line.long", most=MOST_LINE)
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        raise _LineError("diagnose.line.json") from None
    if not isinstance(entry, dict):
        raise _LineError("diagnose.line.json")
    return entry


def _id(entry: dict[str, Any]) -> str:
    name = entry.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    if not isinstance(name, str) or not name:
        raise _LineError("diagnose.line.id")
    return name


def _images(entry: dict[str, Any], folder: Path) -> tuple[Path, ...]:
    images = entry.get("images")
    fits = isinstance(images, list) and len(images) <= MOST_PICTURES
    if not fits or not all(isinstance(image, str) and image for image in images or ()):
        raise _LineError("diagnose.line.images", most=MOST_PICTURES)
    return tuple(folder / image for image in images or ())


def _gap(entry: dict[str, Any]) -> float | None:
    gap = entry.get("gap_s")
    if gap is None:
        return None
    if isinstance(gap, bool) or not isinstance(gap, int | float) or not 0 <= gap <= MOST_GAP_S:
        raise _LineError("diagnose.line.gap")
    return float(gap)
