"""The decoder process: takes pictures from its prober, one after the other, and says what they show.

``python -m camerahub.probes.decoder_child FD PARENT MEMORY CPU_S PIXELS``. It locks itself in, decodes one picture of
each codec of its own, and only then says that it is ready: a child that says so has proven, inside its cage, that it
can decode. It keeps nothing of any picture: what judging needs of a camera's past comes and goes with each.
"""

from __future__ import annotations

import base64
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable

import av
import cv2

from camerahub.probes import decoder_cage
from camerahub.probes.decode_line import CODEC_NAMES, OF_FAULT, OF_OK, PICTURE, Answer, Context, pack_answer
from camerahub.probes.decoder_codecs import Codecs, Undecodable, Unsupported
from camerahub.probes.decoder_eye import judge, reason_of, still

Look = Callable[[str, bytes, Context], Answer]

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
    """Looks at one picture: decode, measure, judge."""

    def __init__(self, max_pixels: int) -> None:
        self._codecs = Codecs(max_pixels)

    def look(self, codec: str, data: bytes, context: Context) -> Answer:
        """What the picture shows. Never raises for anything a camera can send."""
        try:
            picture = self._codecs.picture(codec, data)
        except Undecodable as error:
            return Answer("undecodable", detail=str(error))
        except Unsupported as error:
            return Answer("codec_unsupported", detail=str(error))
        except MemoryError:
            return Answer("undecodable", detail="memory")
        told, past = judge(picture, context)
        shown = context.wanted & (OF_FAULT if told.faults else OF_OK if told.verdict == "ok" else 0)
        return Answer(
            reason_of(told),
            picture.source_width,
            picture.source_height,
            {name: round(float(value), 4) for name, value in told.measures.items()},
            detail=told.reason or "",
            faults=told.faults,
            past=past,
            still=still(picture, context) if shown else b"",
        )


def main(argv: list[str], hook: Callable[[Look], Look] = lambda look: look) -> None:
    """The life of a decoder process. ``hook`` is for tests, which put an evil decoder in the place of ours."""
    fd, parent, memory, cpu_s, pixels = map(int, argv)
    decoder_cage.tie_to_parent(parent)
    os.nice(
        decoder_cage.NICE
    )  # a probe that waits for the processor looks like a dead camera; a picture can wait
    av.logging.set_level(None)
    cv2.setNumThreads(1)
    eye = Eye(pixels)
    with socket.socket(fileno=fd) as line, open("/proc/self/statm", "rb", buffering=0) as statm:
        cage = decoder_cage.lock(memory=memory, cpu_s=cpu_s, parent=parent)
        _prove(eye)
        line.sendall(pack_answer(_accounted(Answer("ready", detail=cage), 0.0, statm.fileno())))
        _serve(line, hook(eye.look), statm.fileno())


def _prove(eye: Eye) -> None:
    for codec, text in _OWN_PICTURES.items():
        answer = eye.look(codec, base64.b85decode(text), Context())
        if answer.width != 64:
            raise SystemExit(f"{codec}: {answer}")


def _serve(line: socket.socket, look: Look, statm: int) -> None:
    while header := line.recv(PICTURE.size, socket.MSG_WAITALL):
        length, codec, more = PICTURE.unpack(header)
        context = line.recv(more, socket.MSG_WAITALL) if more else b""
        data = line.recv(length, socket.MSG_WAITALL)
        if len(data) < length:
            return
        began = time.thread_time()
        try:
            answer = look(CODEC_NAMES[codec], data, Context.unpack(context))
        except Exception:  # noqa: BLE001 - a bug of ours is told to the parent, which logs it
            answer = Answer("bug", bug=traceback.format_exc(limit=-4)[-2000:])
        line.sendall(pack_answer(_accounted(answer, began, statm)))


def _accounted(answer: Answer, began: float, statm: int) -> Answer:
    # The thread's clock: a limit on processor time makes the kernel count the process's in ticks.
    total = time.thread_time()
    pages = int(os.pread(statm, 100, 0).split()[1])
    return answer._replace(cpu_s=round(total - began, 6), total_cpu_s=round(total, 6), rss=pages * 4096)


if __name__ == "__main__":
    main(sys.argv[1:])
