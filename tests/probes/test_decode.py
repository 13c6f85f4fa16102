"""The decoder pool: who answers, who is blamed, who is replaced. Real child processes, some of them evil."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from camerahub.core.eyes import weights_of
from camerahub.core.result import FAULT_KINDS
from camerahub.frames.past import Past
from camerahub.probes.decode import Decoded, DecodeLimits, Decoders
from camerahub.probes.decode_job import Decoded as Answered
from camerahub.probes.decode_line import CODECS, OF_FAULT, OF_OK, Context
from camerahub.probes.decoder_codecs import DECODERS
from camerahub.probes.decoder_process import DEPTH
from tests.frames import draw
from tests.probes.streams import KeyFrame, encode, key_frame, photograph

ROOT = str(Path(__file__).resolve().parents[2])
EVIL = (str(Path(__file__).with_name("evil_decoder.py")),)
SHORT = DecodeLimits(wall_s=0.4, memory_bytes=256 << 20)
Open = Callable[..., Awaitable[Decoders]]


@pytest_asyncio.fixture
async def open_pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    monkeypatch.setenv("PYTHONPATH", ROOT)
    pools: list[Decoders] = []

    async def opened(
        processes: int = 1, limits: DecodeLimits = SHORT, entry: tuple[str, ...] = EVIL
    ) -> Decoders:
        pool = Decoders(asyncio.get_running_loop(), processes=processes, limits=limits, entry=entry)
        pools.append(pool)
        await pool.start()
        return pool

    yield opened
    for pool in pools:
        pids = pool.pids
        await pool.aclose()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def magic(word: str, size: int = 64) -> KeyFrame:
    return KeyFrame("JPEG", word.encode().ljust(16, b"\0") + bytes(size))


async def look(pool: Decoders, *pictures: KeyFrame) -> list[Decoded]:
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in pictures]
    for picture, future in zip(pictures, futures, strict=True):
        pool.submit(picture, future.set_result)
        assert not future.done()  # never inside submit
    async with asyncio.timeout(60):
        return list(await asyncio.gather(*futures))


def test_the_tables_are_the_same_list() -> None:
    assert list(DECODERS) == list(CODECS)
    assert Answered is Decoded


def test_the_prober_stays_small() -> None:
    code = (
        "import sys, camerahub.prober, camerahub.probes.decode;"
        "print([m for m in ('numpy', 'cv2', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("codec", CODECS)
async def test_real_pictures_of_each_codec(open_pool: Open, codec: str) -> None:
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    assert pool.cage == "seccomp"
    wide = photograph(1280, 720)
    good, dark, card = await look(
        pool,
        key_frame(codec, wide),
        key_frame(codec, draw.osd(draw.black(704, 576, 4, 1), 3)),
        key_frame(codec, draw.osd(draw.card(704, 576, (200, 0, 0)), 3)),
    )
    assert (good.reason, good.width, good.height) == ("ok", 1280, 720)
    assert (dark.reason, dark.width, dark.height) == ("black", 704, 576)
    assert card.reason == "no_signal"
    assert 0 < good.cpu_s < 5
    assert pool.waiting == 0


async def test_a_context_goes_in_and_a_past_and_a_still_come_out(open_pool: Open) -> None:
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    black = key_frame("H264", draw.osd(draw.black(704, 576, 4, 1), 3))
    good = key_frame("H264", photograph(640, 360))
    told = {
        "fault wanted": (black, Context(1, 20_000, OF_FAULT, b"past")),
        "its end wanted": (good, Context(2, 20_000, OF_OK, b"past")),
        "the other wanted": (good, Context(3, 20_000, OF_FAULT)),
        "trusted no more": (black, Context(4, 20_000, OF_FAULT, weights=weights_of({"black": 3}))),
    }
    loop, answers = asyncio.get_running_loop(), {}
    for name, (picture, context) in told.items():
        answers[name] = loop.create_future()
        pool.submit(picture, answers[name].set_result, context.pack())
    async with asyncio.timeout(60):
        seen = {name: await future for name, future in answers.items()}
    assert {name: one.reason for name, one in seen.items()} == {
        "fault wanted": "black",
        "its end wanted": "ok",
        "the other wanted": "ok",
        "trusted no more": "ok",
    }
    assert [bool(one.still) for one in seen.values()] == [True, True, False, False]
    assert seen["fault wanted"].still.startswith(b"\xff\xd8\xff")
    assert len(seen["its end wanted"].still) <= 20_000
    # What was no past is begun anew; each look is kept for the next one.
    assert all(Past.from_bytes(one.past).trace is not None for one in seen.values())
    assert seen["fault wanted"].faults == ("black",)


async def test_the_cage_holds(open_pool: Open) -> None:
    pool = await open_pool()
    (answer,) = await look(pool, magic("forbidden"))
    assert len(answer.measures) == 11
    assert {name: value for name, value in answer.measures.items() if value} == {}


@pytest.mark.parametrize("word", ["crash", "hang", "sleep", "exit", "garbage"])
async def test_a_picture_that_brings_two_children_down_is_undecodable_and_remembered(
    open_pool: Open, word: str
) -> None:
    pool = await open_pool()
    before = pool.pids[0]
    innocent = [magic("echo", n) for n in range(1, 5)]
    bad, *others = await look(pool, magic(word), *innocent)
    assert bad.reason == "undecodable"
    assert [(o.reason, o.width) for o in others] == [("ok", 16 + n) for n in range(1, 5)]
    assert before not in pool.pids
    assert pool.counts.died == 2
    (again,) = await look(pool, magic(word))
    assert (again.reason, again.detail) == ("undecodable", "quarantined")
    assert pool.counts.died == 2


async def test_the_culprit_is_tried_alone_and_those_behind_it_are_not_blamed(open_pool: Open) -> None:
    pool = await open_pool(processes=2)
    answers = await look(
        pool, magic("echo"), magic("crash"), magic("echo"), magic("hang"), *[magic("echo")] * 20
    )
    reasons = [answer.reason for answer in answers]
    assert reasons[1] == reasons[3] == "undecodable"
    assert reasons.count("ok") == 22


@pytest.mark.parametrize("word", ["late crash", "late hang"])
async def test_what_ends_a_child_while_it_judges_blames_only_the_one_that_does_so_alone(
    open_pool: Open, word: str
) -> None:
    """A child judges together what has arrived: those it judged beside the culprit are tried alone, too."""
    pool = await open_pool()
    answers = await look(pool, magic("busy"), magic("seen"), magic(word), *[magic("seen")] * 3)
    assert [answer.reason == "undecodable" for answer in answers] == [False, False, True, *[False] * 3]
    assert {answer.reason for answer in answers} <= {"undecodable", *FAULT_KINDS, "ok"}


async def test_pictures_that_wait_are_judged_together_and_answered_in_their_order(open_pool: Open) -> None:
    pool = await open_pool()
    words = ["busy", "seen", "echo", "bug", "seen", "echo"]
    told: list[int] = []
    done = asyncio.Event()

    def hear(at: int, decoded: Decoded) -> None:
        told.append(at)
        assert (decoded.reason == "blind") is (words[at] == "bug")
        if len(told) == len(words):
            done.set()

    for at, word in enumerate(words):
        pool.submit(magic(word), partial(hear, at))
    async with asyncio.timeout(60):
        await done.wait()
    assert told == list(range(6))
    assert pool.counts.died == 0


async def test_memory_has_a_limit(open_pool: Open) -> None:
    pool = await open_pool()
    (eaten,) = await look(pool, magic("eat"))
    assert eaten.reason in ("blind", "undecodable")  # a MemoryError outside of decoding is a bug of ours
    assert (await look(pool, magic("echo")))[0].reason == "ok"


async def test_our_own_bug_is_never_the_cameras(open_pool: Open) -> None:
    pool = await open_pool()
    (answer,) = await look(pool, magic("bug"))
    assert (answer.reason, answer.detail) == ("blind", "bug")
    assert pool.counts.bugs == 1


async def test_answers_nobody_asked_for_end_the_child(open_pool: Open) -> None:
    pool = await open_pool()
    before = pool.pids[0]
    await look(pool, magic("unasked"))
    assert (await look(pool, magic("echo")))[0].reason == "ok"
    assert before not in pool.pids


async def test_a_child_killed_from_outside_costs_no_picture(open_pool: Open) -> None:
    pool = await open_pool()
    os.kill(pool.pids[0], signal.SIGKILL)
    assert (await look(pool, magic("echo")))[0].reason == "ok"


async def test_a_child_that_was_stopped_once_is_no_fault_of_the_picture(open_pool: Open) -> None:
    pool = await open_pool()
    os.kill((await look(pool, magic("echo")))[0].height, signal.SIGSTOP)
    assert (await look(pool, magic("echo")))[0].reason == "ok"
    assert pool.counts.killed == 1


async def test_children_retire(open_pool: Open) -> None:
    pool = await open_pool(limits=DecodeLimits(retire_pictures=3))
    answers = [(await look(pool, magic("echo")))[0] for _ in range(8)]
    assert len({answer.height for answer in answers}) == 3  # their process ids
    assert pool.counts.retired == 2
    assert pool.counts.died == 0


async def test_what_is_refused_without_a_child(open_pool: Open) -> None:
    pool = await open_pool(limits=DecodeLimits(picture_bytes=100, queue_pictures=3))
    taken = await look(
        pool,
        KeyFrame("SVAC", b"x"),
        KeyFrame("JPEG", b""),
        KeyFrame("JPEG", bytes(101)),
        *[magic("echo")] * (DEPTH + 8),
    )
    assert [a.reason for a in taken[:3]] == ["codec_unsupported", "undecodable", "undecodable"]
    assert {a.reason for a in taken[3:]} == {"ok", "blind"}
    assert pool.counts.refused == [a.reason for a in taken].count("blind") == 5


async def test_no_decoder_at_all_is_blindness(open_pool: Open) -> None:
    pool = await open_pool(entry=("-c", "raise SystemExit(1)"))
    assert (await look(pool, magic("echo")))[0] == Decoded("blind", 0, 0, {}, 0.0, "no_decoder")


async def test_a_broken_done_does_not_stop_the_pool(open_pool: Open) -> None:
    pool = await open_pool()
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))

    def broken(_decoded: Decoded) -> None:
        raise KeyError("caller")

    pool.submit(magic("echo"), broken)
    assert (await look(pool, magic("echo")))[0].reason == "ok"
    assert [str(context["message"]) for context in told] == ["decode: done() failed"]


async def test_closing_gives_up_without_answers(open_pool: Open) -> None:
    pool = await open_pool()
    answers: list[Decoded] = []
    for picture in (magic("hang"), magic("echo"), KeyFrame("SVAC", b"x")):
        pool.submit(picture, answers.append)
    await pool.aclose()
    await asyncio.sleep(0)
    assert answers == []


async def test_a_large_picture_crosses_in_pieces(open_pool: Open) -> None:
    pool = await open_pool(limits=DecodeLimits())
    answers = await look(pool, *[magic("echo", 8_000_000)] * 3)
    assert [a.width for a in answers] == [8_000_016] * 3


# -- damaged pictures: garbage is never `ok` --------------------------------------------------------------------------


async def test_cut_pictures_are_undecodable(open_pool: Open) -> None:
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    image = photograph(704, 576)
    for codec in CODECS:
        data = encode(codec, image)
        cuts = [KeyFrame(codec, data[: int(len(data) * share)]) for share in (0.02, 0.2, 0.5, 0.8)]
        assert {a.reason for a in await look(pool, *cuts)} == {"undecodable"}, codec


async def test_a_lost_slice_is_undecodable(open_pool: Open) -> None:
    """Packet loss takes whole slices: FFmpeg conceals them, which is not what the camera sees."""
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    data = encode("H264", photograph(704, 576), slices=4)
    parts = data.split(b"\0\0\1")
    slices = [n for n, part in enumerate(parts) if part and part[0] & 0x1F == 5]
    assert len(slices) == 4
    lost = [KeyFrame("H264", b"\0\0\1".join(p for n, p in enumerate(parts) if n != gone)) for gone in slices]
    whole, *holes = await look(pool, KeyFrame("H264", data), *lost)
    assert whole.reason == "ok"
    assert {a.reason for a in holes} == {"undecodable"}


@pytest.mark.parametrize("codec", ["H264", "H265"])
async def test_parameter_sets_are_never_those_of_another_camera(open_pool: Open, codec: str) -> None:
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    data = encode(codec, photograph(352, 288))
    parts = data.split(b"\0\0\1")
    sets = (7, 8) if codec == "H264" else (32, 33, 34)
    kind = (lambda part: part[0] & 0x1F) if codec == "H264" else (lambda part: part[0] >> 1 & 0x3F)
    bare = b"\0\0\1".join(part for part in parts if not part or kind(part) not in sets)
    first, second = await look(pool, KeyFrame(codec, data), KeyFrame(codec, bare))
    assert first.reason == "ok"
    assert (second.reason, second.detail) == ("undecodable", "no_parameters")


async def test_sources_of_absurd_size_are_refused_before_memory_is_taken(open_pool: Open) -> None:
    pool = await open_pool(
        entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits(pixels=352 * 288)
    )
    for codec in CODECS:
        small, large = await look(
            pool, key_frame(codec, photograph(320, 240)), key_frame(codec, photograph(640, 480))
        )
        assert (small.reason, large.reason) == ("ok", "undecodable"), codec
    bomb = encode("JPEG", draw.scene(64, 64)).replace(b"\x08\x00\x40\x00\x40", b"\x08\xff\xff\xff\xff", 1)
    assert (await look(pool, KeyFrame("JPEG", bomb)))[0].detail == "size"
    assert pool.counts.died == 0


async def test_the_range_of_grey_is_the_same_for_every_codec(open_pool: Open) -> None:
    """Video carries 16..235, JFIF 0..255; what is measured does not."""
    pool = await open_pool(entry=("-m", "camerahub.probes.decoder_child"), limits=DecodeLimits())
    frames = [key_frame(codec, draw.card(640, 368, (0, 0, 0), "")) for codec in CODECS]
    assert {answer.measures["level"] for answer in await look(pool, *frames)} == {0.0}
    frames = [key_frame(codec, draw.card(640, 368, (255, 255, 255), "")) for codec in CODECS]
    assert min(answer.measures["level"] for answer in await look(pool, *frames)) >= 253
