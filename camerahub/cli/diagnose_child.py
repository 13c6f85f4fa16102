"""The caged process of `diagnose`: takes the bytes of files, decodes and judges them, a chunk at a time.

``python -m camerahub.cli.diagnose_child FD PARENT MEMORY CPU_S PIXELS``. The cage is the one of the hub's decoders. It
proves inside it that it can decode and judge before it says that it is ready; it keeps nothing but reference and mask.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

import av
import cv2
import numpy as np

from camerahub.cli.diagnose_line import LENGTH, MOST_READ, MOST_SHOWN, pack
from camerahub.cli.diagnose_read import Reader, Unusable, mask_for, mask_of
from camerahub.frames.diagnosis import Diagnosis, Item, diagnose_many
from camerahub.frames.picture import Picture, Plane
from camerahub.probes import decoder_cage

Fields = list[Any]
Look = Callable[["Child", dict[str, Any], list[bytes]], None]
#: Width and height of the picture it proves itself on: large enough to be judged.
_OWN = 320, 180


class Clip:
    """A clip that lies with the parent, as a file to read."""

    def __init__(self, line: socket.socket, item: int, size: int) -> None:
        self._line, self._item, self._size, self._at = line, item, size, 0

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, at most ``MOST_READ``; empty at the end."""
        wanted = min(size if size >= 0 else self._size, self._size - self._at, MOST_READ)
        if wanted <= 0:
            return b""
        self._line.sendall(pack({"read": [self._item, self._at, wanted]}))
        data = _received(self._line, LENGTH.unpack(_received(self._line, LENGTH.size))[0])
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at


class Child:
    """One line to the parent, and what it has ordered."""

    def __init__(self, line: socket.socket, max_pixels: int) -> None:
        self._line, self._reader = line, Reader(max_pixels)
        self._mode, self._draws, self._side = "auto", 0, 0
        self._reference: list[Picture] = []
        self._mask: Plane | None = None

    def prove(self) -> None:
        """Decode and judge a drawn picture: whatever is loaded on first use is loaded now, or missed now."""
        width, height = _OWN
        wedge = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
        picture = self._reader.picture(cv2.imencode(".png", wedge)[1].tobytes())
        self._reader.picture(cv2.imencode(".jpg", wedge)[1].tobytes())
        diagnose_many([Item([picture] * count, 1.0, "auto") for count in (1, 2, 3)])

    def serve(self, look: Look) -> None:
        """Until the parent hangs up."""
        while head := self._line.recv(LENGTH.size, socket.MSG_WAITALL):
            order = json.loads(_received(self._line, *LENGTH.unpack(head)))
            blobs = [_received(self._line, size) for size in order["sizes"]]
            if "mode" in order:
                self._begin(order, blobs)
            else:
                look(self, order, blobs)

    def _begin(self, order: dict[str, Any], blobs: list[bytes]) -> None:
        self._mode, self._draws, self._side = order["mode"], order["draws"], order["side"]
        which = "reference"
        try:
            if order["reference"]:
                self._reference = [self._reader.picture(blobs.pop(0))]
            which = "mask"
            if order["mask"]:
                self._mask = mask_of(blobs.pop(0))
        except Unusable as error:
            self._line.sendall(pack({"refused": [which, error.problem, error.detail]}))
            return
        self._line.sendall(pack({"begun": True}))

    def look(self, order: dict[str, Any], blobs: list[bytes]) -> None:
        """Answer one chunk: ``items`` = [number of pictures or 0, size of the clip, gap_s] each."""
        waiting = iter(blobs)
        questions: list[Item | Fields] = []
        for number, (count, clip, gap_s) in enumerate(order["items"]):
            data = [next(waiting) for _ in range(count)]
            questions.append(
                self._asked(data, Clip(self._line, number, clip), order["demuxers"][number], gap_s)
            )
        asked = [question for question in questions if isinstance(question, Item)]
        judged = iter(self._judged(asked))
        pixels: list[bytes] = []
        bugs: list[str] = []
        items = [
            question if isinstance(question, list) else self._fields(question, next(judged), pixels, bugs)
            for question in questions
        ]
        self._line.sendall(b"".join([pack({"items": items, "bugs": bugs}), *pixels]))

    def _asked(self, data: list[bytes], clip: Clip, demuxer: str, gap_s: float | None) -> Item | Fields:
        try:
            pictures = [self._reader.picture(one) for one in data]
            if demuxer:
                pictures, gap_s = self._reader.clip(clip, demuxer)
            pictures = self._reference + pictures
            sizes = dict.fromkeys(f"{one.source_width}x{one.source_height}" for one in pictures)
            if len(sizes) > 1:
                raise Unusable("sizes_differ", ", ".join(sizes)[:100])
        except Unusable as error:
            return _refused(error.problem, error.detail)
        except MemoryError:
            return _refused("memory")
        mask = None if self._mask is None else mask_for(self._mask, pictures[-1])
        return Item(pictures, gap_s, self._mode, mask)

    def _judged(self, asked: list[Item]) -> list[Diagnosis | str]:
        """All at once; one by one when that fails, so that a bug costs one item only."""
        try:
            return [*diagnose_many(asked)]
        except Exception:  # noqa: BLE001 - told below, of the item it belongs to
            return [_tried(question) for question in asked]

    def _fields(self, asked: Item, said: Diagnosis | str, pixels: list[bytes], bugs: list[str]) -> Fields:
        if isinstance(said, str):
            bugs.append(said)
            return _refused("bug")
        shown = [_bgr(picture, self._side) for picture in _spread(asked.pictures, self._draws)]
        pixels += [image.tobytes() for image in shown]
        return [
            said.verdict,
            said.mode,
            [[found.kind, float(found.severity), found.level] for found in said.findings],
            {name: _plain(value) for name, value in said.measures.items()},
            len(asked.pictures),
            said.reason or "",
            "",
            "",
            None if asked.gap_s is None else float(asked.gap_s),
            asked.pictures[-1].source_width,
            asked.pictures[-1].source_height,
            [image.shape[:2] for image in shown],
        ]


def _tried(question: Item) -> Diagnosis | str:
    try:
        return diagnose_many([question])[0]
    except Exception:  # noqa: BLE001 - a bug of ours is told to the parent, which says it
        return traceback.format_exc(limit=-4)[-2000:]


def _refused(problem: str, detail: str = "") -> Fields:
    return ["unknown", "", [], {}, 0, "", problem, detail, None, 0, 0, []]


def _plain(value: float) -> float | None:
    """Six digits; None for a NaN."""
    number = float(f"{float(value):.6g}")
    return number if abs(number) < float("inf") else None


def _spread(pictures: Any, most: int) -> list[Picture]:
    """The newest and, evenly, those before it; at most ``most``."""
    most = min(most, MOST_SHOWN, len(pictures))
    if most < 2:
        return list(pictures[len(pictures) - most :])
    last = len(pictures) - 1
    return [pictures[round(last * step / (most - 1))] for step in range(most)]


def _bgr(picture: Picture, side: int) -> Plane:
    """BGR (h, w, 3) in the shape of the source, no side longer than ``side``."""
    longest = max(picture.source_width, picture.source_height)
    share = min(side, longest, max(picture.luma.shape)) / longest
    size = max(1, round(picture.source_width * share)), max(1, round(picture.source_height * share))
    luma, v, u = (
        cv2.resize(p, size, interpolation=_by(p, size)) for p in (picture.luma, picture.v, picture.u)
    )
    return cv2.cvtColor(cv2.merge((luma, v, u)), cv2.COLOR_YCrCb2BGR)  # type: ignore[return-value]


def _by(plane: Plane, size: tuple[int, int]) -> int:
    return cv2.INTER_AREA if plane.shape[1] > size[0] else cv2.INTER_LINEAR


def _received(line: socket.socket, size: int) -> bytes:
    data = line.recv(size, socket.MSG_WAITALL) if size else b""
    if len(data) < size:
        raise SystemExit  # the parent has gone
    return data


def _load_all() -> None:
    """PyAV loads its parts on first use; in the cage no file can be opened."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in ("av.__main__", "av.datasets"):
            import_module(module.name)


def main(argv: list[str], look: Look = Child.look) -> None:
    """The life of the process. ``look`` is for tests, which put an evil one in the place of ours."""
    fd, parent, memory, cpu_s, pixels = map(int, argv)
    decoder_cage.tie_to_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    av.logging.set_level(None)
    cv2.setNumThreads(1)
    with socket.socket(fileno=fd) as line:
        _load_all()
        child = Child(line, pixels)
        child.prove()
        cage = decoder_cage.lock(memory=memory, cpu_s=cpu_s, parent=parent)
        child.prove()
        line.sendall(pack({"ready": cage}))
        child.serve(look)


if __name__ == "__main__":
    main(sys.argv[1:])
