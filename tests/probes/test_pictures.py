"""`picture` from the socket to the verdict: real encoders, real RTP over a socket, real decoder processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from camerahub.core.result import MAIN, SUB, Outcome, ProbeResult, Target
from camerahub.probes.table import Prober
from tests.frames.draw import osd
from tests.probes.streams import encode, photograph
from tests.wire.packing import Packet, fu_265, fu_a, numbered, picture, single_265, units

from .conftest import Camera, Script
from .test_media import SDP, Recorder, framed, sub_of

Make = Callable[[Script], Camera]


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    made = Prober(asyncio.get_running_loop(), max_in_flight=8, decoders=1)
    await made.ready()
    yield made
    await made.aclose()


async def look(prober: Prober, target: Target, probe: str = "picture") -> ProbeResult:
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    prober.start(target, probe, 10.0, done.set_result)
    return await asyncio.wait_for(done, 30)


def packed(codec: str, data: bytes) -> bytes:
    payloads = []
    for nal in units(data):
        if codec == "H264":
            payloads += fu_a(nal) if len(nal) > 1400 else [nal]
        else:
            payloads += fu_265(nal) if len(nal) > 1400 else [single_265(nal)]
    packets: list[Packet] = picture(payloads, 1000)
    return framed(numbered(packets))


def sending(codec: str, data: bytes) -> Recorder:
    return Recorder(packed(codec, data), sdp=SDP.format(profile="RTP/AVP", codec=codec))


@pytest.mark.parametrize("codec", ["H264", "H265"])
async def test_a_real_picture_is_lit(camera: Make, prober: Prober, codec: str) -> None:
    peer = sending(codec, encode(codec, photograph(704, 576)))
    result = await look(prober, camera(peer).target("/main"))
    assert (result.outcome, result.reason, result.stage) == (Outcome.OK, "ok", 6)
    facts = result.facts
    assert facts is not None
    assert (facts.stream, facts.codec, facts.width, facts.height) == (MAIN, codec, 704, 576)
    assert facts.measures != ()
    assert peer.tore_down.is_set()


async def test_a_black_picture_with_a_clock_is_dark_though_media_flows(camera: Make, prober: Prober) -> None:
    black = osd(np.full((576, 704, 3), 16, np.uint8), 3)
    result = await look(prober, camera(sending("H264", encode("H264", black))).target("/main"))
    assert (result.outcome, result.reason, result.stage) == (Outcome.FAULT, "black", 4)


async def test_a_damaged_picture_is_undecodable_and_sends_the_next_look_to_the_other_stream(
    camera: Make, prober: Prober
) -> None:
    data = bytearray(encode("H264", photograph(352, 288)))
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2 - 1) + b"\x80"
    peer = sending("H264", bytes(data))
    target = sub_of(camera(peer).target("/main"), "/sub")
    first = await look(prober, target)
    assert (first.reason, first.stage) == ("undecodable", 4)
    assert first.facts is not None
    assert first.facts.stream == SUB
    second = await look(prober, target)
    assert second.facts is not None
    assert second.facts.stream == MAIN


async def test_media_alone_bothers_no_decoder(camera: Make, prober: Prober) -> None:
    result = await look(
        prober, camera(sending("H264", encode("H264", photograph(352, 288)))).target("/a"), "media"
    )
    assert (result.reason, result.stage) == ("ok", 4)
    assert prober.decoding_s == 0.0


async def test_without_decoders_a_picture_is_our_blindness_not_the_cameras_fault(camera: Make) -> None:
    bare = Prober(asyncio.get_running_loop(), max_in_flight=2)
    try:
        peer = sending("H264", encode("H264", photograph(352, 288)))
        result = await look(bare, camera(peer).target("/a"))
    finally:
        await bare.aclose()
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "blind")


async def test_hurry_ends_a_look_in_order(camera: Make, prober: Prober) -> None:
    peer = Recorder()
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    prober.start(camera(peer).target("/main"), "picture", 10.0, done.set_result)
    while "PLAY main/" not in peer.asked:  # noqa: ASYNC110 - said by the camera's thread
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # its answer has come
    prober.hurry()
    result = await asyncio.wait_for(done, 5)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "blind")
    assert peer.tore_down.wait(5)
