"""The decoder process: takes pictures from its prober and says what they show.

``python -m camerahub.probes.decoder_child FD PARENT MEMORY CPU_S PIXELS PROGRESS``. It locks itself in, decodes one
picture of each codec of its own, and only then says that it is ready: a child that says so has proven, inside its cage,
that it can decode and judge.

Pictures that have arrived by the time one is decoded are decoded as well, each by itself, and judged together, which
takes half the time; none is waited for. ``PROGRESS`` is a page that the prober reads when this process dies: which
picture was under the decoder. Nothing of a picture is kept for the next one: what judging needs of a camera's past
comes and goes with each. The memory it was worked on in is overwritten by the pictures that follow.
"""

from __future__ import annotations

import base64
import mmap
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

import av
import cv2

from camerahub.frames import lit
from camerahub.frames.diagnosis import Diagnosis
from camerahub.frames.picture import Picture
from camerahub.probes import decoder_cage
from camerahub.probes.decode_line import (
    CODEC_NAMES,
    OF_FAULT,
    OF_OK,
    PICTURE,
    PROGRESS,
    Answer,
    Context,
    pack_answer,
)
from camerahub.probes.decoder_codecs import Codecs, Undecodable, Unsupported
from camerahub.probes.decoder_eye import BATCH, judge, prove_judging, reason_of, still

#: Decodes one picture: the picture, or the answer that there is none.
Look = Callable[[str, bytes], "Picture | Answer"]

#: 64 x 64 pixels, the upper half darker, without anything but parameter sets and one slice (base 85).
_OWN_PICTURES = {
    "H264": b"00001XF|XV+7Ox$000935C8xJ11Rw#Y5)KL00C&u56A!j00Cu)ggOz500Jxj$;rvrU3Jzd00^gFef8H}cm",
    "H265": (
        b"00001KmiN^|NjAC00093kN^M!000939=ZZR000000YU)*0bl?C0|1Z!00RI30{|YNAb|yz=_xR|pdbJM0{|cZ00RRd000000Ym}7ae)#5"
        b"0003f0j=Q2r~j~qkM~a<8nIWv"
    ),
    "JPEG": (
        b"|JeWF01!$>Nk#wx0RR9200961|JwjV01yid4h#wq4h;?x5fBp?C>j_R78o%jB^@X_Gd(;xGdMRuNL)@pL{~*OI8bd-S6^ahXlFi6ad~iL"
        b"cwA*?WB=O#Lje&I5*QU2FB%#zV?sDWV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`F1uV`Klo01*fPKmb4k"
        b"0U`hb5di}c0sq7R6#xMN00000000000000000006|HJ?k5CH%H0000000000000000095Q02BcM00000000000000000000|HJ?k5di=I"
        b"0000000000000000095m01N{G00I#M5dc2`lK=n!00000000000ayS4000000000000aNo"
    ),
}


class Eye:
    """Decodes one picture, or says why not. Never raises for anything a camera can send."""

    def __init__(self, max_pixels: int) -> None:
        self._codecs = Codecs(max_pixels)

    def look(self, codec: str, data: bytes) -> Picture | Answer:
        """The picture at its working size, or why there is none."""
        try:
            return self._codecs.picture(codec, data)
        except Undecodable as error:
            return Answer("undecodable", detail=str(error))
        except Unsupported as error:
            return Answer("codec_unsupported", detail=str(error))
        except MemoryError:
            return Answer("undecodable", detail="memory")


class Seen(NamedTuple):
    """What became of one picture so far, and the processor seconds that took."""

    shown: Picture | Answer
    context: Context
    cpu_s: float


class Line:
    """The socket to the prober, and the page on which it reads how far this process has come."""

    def __init__(self, line: socket.socket, page: mmap.mmap) -> None:
        self._line, self._page = line, page
        self._begun = self._whole = 0

    def first(self) -> tuple[str, bytes, bytes] | None:
        """The next picture and its packed context, waited for; None when the prober has gone."""
        header = self._line.recv(PICTURE.size, socket.MSG_WAITALL)
        if len(header) < PICTURE.size:
            return None
        length, codec, more = PICTURE.unpack(header)
        context = self._line.recv(more, socket.MSG_WAITALL) if more else b""
        data = self._line.recv(length, socket.MSG_WAITALL)
        return (CODEC_NAMES[codec], data, context) if len(data) == length else None

    def next(self) -> tuple[str, bytes, bytes] | None:
        """The next picture if it has arrived already."""
        try:
            header = self._line.recv(PICTURE.size, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        return self.first() if len(header) == PICTURE.size else None

    def begin(self) -> None:
        """One more picture is given to the decoder."""
        self._begun += 1
        PROGRESS.pack_into(self._page, 0, self._begun, self._whole)

    def end(self) -> None:
        """The decoder has come back."""
        self._whole = self._begun
        PROGRESS.pack_into(self._page, 0, self._begun, self._whole)

    def say(self, answer: Answer) -> None:
        """An answer to the prober."""
        self._line.sendall(pack_answer(answer))


def main(argv: list[str], hook: Callable[[Look], Look] = lambda look: look) -> None:
    """The life of a decoder process. ``hook`` is for tests, which put an evil decoder in the place of ours."""
    fd, parent, memory, cpu_s, pixels, progress = map(int, argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    decoder_cage.tie_to_parent(parent)
    os.nice(
        decoder_cage.NICE
    )  # a probe that waits for the processor looks like a dead camera; a picture can wait
    av.logging.set_level(None)
    cv2.setNumThreads(1)
    eye = Eye(pixels)
    prove_judging()  # numpy loads some of itself on first use, which nothing can in the cage
    with (
        socket.socket(fileno=fd) as sock,
        open("/proc/self/statm", "rb", buffering=0) as statm,
        mmap.mmap(progress, PROGRESS.size) as page,
    ):
        os.close(progress)
        line = Line(sock, page)
        cage = decoder_cage.lock(memory=memory, cpu_s=cpu_s, parent=parent)
        _prove(eye)
        line.say(_accounted(Answer("ready", detail=cage), statm.fileno()))
        _serve(line, hook(eye.look), statm.fileno())


def _prove(eye: Eye) -> None:
    for codec, text in _OWN_PICTURES.items():
        shown = eye.look(codec, base64.b85decode(text))
        if not isinstance(shown, Picture) or shown.source_width != 64:
            raise SystemExit(f"{codec}: {shown}")
    prove_judging()


def _serve(line: Line, look: Look, statm: int) -> None:
    while one := line.first():
        batch: list[Seen] = []
        while one:
            batch.append(_seen(line, look, *one))
            one = line.next() if len(batch) < BATCH else None
        for answer in _answers(batch):
            line.say(_accounted(answer, statm))


def _seen(line: Line, look: Look, codec: str, data: bytes, packed: bytes) -> Seen:
    began, context = time.thread_time(), Context()
    line.begin()
    try:
        context = Context.unpack(packed)
        shown = look(codec, data)
    except Exception:  # noqa: BLE001 - a bug of ours is told to the parent, which logs it
        shown = _bug()
    line.end()
    return Seen(shown, context, time.thread_time() - began)


def _answers(batch: Sequence[Seen]) -> list[Answer]:
    """In the order of the pictures; the time of judging is shared out."""
    began = time.thread_time()
    judged = [(one.shown, one.context) for one in batch if isinstance(one.shown, Picture)]
    told = iter(_told(judged))
    share = (time.thread_time() - began) / max(1, len(judged))
    return [
        one.shown._replace(cpu_s=one.cpu_s)
        if isinstance(one.shown, Answer)
        else next(told)._replace(cpu_s=one.cpu_s + share)
        for one in batch
    ]


def _told(judged: list[tuple[Picture, Context]]) -> list[Answer]:
    """An answer for each picture; where judging them fails, each is judged alone: the others are not to suffer."""
    try:
        return [
            _answer(picture, context, *found)
            for (picture, context), found in zip(judged, judge(judged), strict=True)
        ]
    except Exception:  # noqa: BLE001 - a bug of ours is told to the parent, which logs it
        return [_told([one])[0] for one in judged] if len(judged) > 1 else [_bug()]


def _answer(picture: Picture, context: Context, told: Diagnosis, past: bytes) -> Answer:
    shown = context.wanted & (OF_FAULT if told.faults else OF_OK if told.verdict == "ok" else 0)
    return Answer(
        reason_of(told),
        picture.source_width,
        picture.source_height,
        {name: round(told.measures[name], 4) for name in lit.MEASURES},
        detail=told.reason or "",
        faults=told.faults,
        past=past,
        still=still(picture, context) if shown else b"",
    )


def _bug() -> Answer:
    return Answer("bug", bug=traceback.format_exc(limit=-4)[-2000:])


def _accounted(answer: Answer, statm: int) -> Answer:
    # The thread's clock: a limit on processor time makes the kernel count the process's in ticks.
    pages = int(os.pread(statm, 100, 0).split()[1])
    return answer._replace(
        cpu_s=round(answer.cpu_s, 6), total_cpu_s=round(time.thread_time(), 6), rss=pages * 4096
    )


if __name__ == "__main__":
    main(sys.argv[1:])
