"""Mutated key frames against the decoder pool: flips, cuts and splices of small streams, from a seed.

``python -m tests.fuzz.pictures [count] [seed]``: the long campaign. Whatever a camera sends, the answer is a reason of
the list, in time, and the pool lives on.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from camerahub.core.result import FAULT_KINDS
from camerahub.probes.decode import Decoded, DecodeLimits, Decoders
from tests.frames import draw
from tests.probes.streams import KeyFrame, encode

ANSWERS = {"ok", *FAULT_KINDS, "unjudged", "undecodable", "codec_unsupported"}
#: Pictures under way at once.
WINDOW = 32


def seeds() -> list[KeyFrame]:
    """Small key frames of every codec, at most CIF."""
    images = [draw.osd(draw.scene(w, h, n), n) for n, (w, h) in enumerate(((64, 64), (176, 144), (352, 288)))]
    frames = [KeyFrame(codec, encode(codec, image)) for codec in ("H264", "H265", "JPEG") for image in images]
    frames.append(KeyFrame("H264", encode("H264", images[1], slices=3)))
    frames.append(KeyFrame("H264", encode("H264", images[1], profile="baseline")))
    return frames


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _head(data: bytearray, dice: random.Random) -> None:
    """Bytes among the parameter sets and headers, where a bit weighs most."""
    for _ in range(dice.choice((1, 2, 4))):
        data[dice.randrange(min(len(data), 80))] = dice.randrange(256)


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def _splice(data: bytearray, dice: random.Random) -> None:
    start, length, to = (dice.randrange(len(data)) for _ in range(3))
    data[to:to] = data[start : start + length % 400]


def _hole(data: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(data))
    del data[start : start + dice.randrange(1, 200)]


MUTATIONS = (_flip, _flip, _head, _cut, _splice, _hole)


def mutated(count: int, seed: int) -> Iterator[KeyFrame]:
    """``count`` mutated key frames; a twentieth of them under another codec's name."""
    dice, frames = random.Random(seed), seeds()
    for _ in range(count):
        frame = dice.choice(frames)
        data = bytearray(frame.data)
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            dice.choice(MUTATIONS)(data, dice)
            data = data or bytearray(b"\0")
        codec = dice.choice(("H264", "H265", "JPEG")) if dice.random() < 0.05 else frame.codec
        yield KeyFrame(codec, bytes(data))


async def campaign(count: int, seed: int, processes: int = 1) -> tuple[Counter[str], Decoders]:
    """Answers by reason, and the pool, closed. TimeoutError when an answer does not come."""
    pool = Decoders(asyncio.get_running_loop(), processes=processes, limits=DecodeLimits())
    await pool.start()
    found: Counter[str] = Counter()
    window = asyncio.Semaphore(WINDOW)

    def take(decoded: Decoded) -> None:
        found[decoded.reason] += 1
        window.release()

    try:
        for frame in mutated(count, seed):
            async with asyncio.timeout(120):
                await window.acquire()
            pool.submit(frame, take)
        for _ in range(WINDOW):
            async with asyncio.timeout(120):
                await window.acquire()
    finally:
        await pool.aclose()
    return found, pool


def main(count: int, seed: int) -> int:
    """Exit code 1 when an answer was none of the list."""
    began = time.monotonic()
    found, pool = asyncio.run(campaign(count, seed))
    took = time.monotonic() - began
    print(f"{count} pictures, {count / took:.0f}/s, {dict(found)}, {pool.counts}", flush=True)
    return int(not (found.keys() <= ANSWERS and found.total() == count))


if __name__ == "__main__":
    count, seed = [*sys.argv[1:], *("200000", "1")[len(sys.argv) - 1 :]][:2]
    sys.exit(main(int(count), int(seed)))
