"""Whose stream is whose, and which one is small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.offers import CLOCKS, Offer, Streams, Wanted, share, sources
from camerahub.wire.onvif_clock import CLOCK_FINDINGS

BIG, SMALL = 1920 * 1080, 704 * 576


def offer(source: str, pixels: int, path: str, snapshot: str = "") -> Offer:
    return Offer(source, pixels, f"rtsp://192.0.2.1{path}", path, snapshot)


IPC = [offer("VS", BIG, "/101", "http://192.0.2.1/big"), offer("VS", SMALL, "/102")]
NVR = [
    offer(f"s{n}", size, f"/{n}0{k}", f"http://192.0.2.1/{n}")
    for n in (1, 2, 3)
    for k, size in ((1, BIG), (2, SMALL))
]


def test_the_codes_of_clocks_are_those_of_the_wire() -> None:
    assert CLOCKS == CLOCK_FINDINGS


def test_a_camera_of_its_own_gets_its_only_source() -> None:
    want = Streams("rtsp://192.0.2.1/101", "rtsp://192.0.2.1/102", "http://192.0.2.1/big")
    assert share(IPC, [Wanted()]) == [want]
    assert share(list(reversed(IPC)), [Wanted("7")]) == [want]


def test_two_cameras_at_one_source_are_told_apart_by_what_the_register_knows_only() -> None:
    found = share(IPC, [Wanted(), Wanted(paths=("/102",))])
    assert found[0] is None
    assert found[1] is not None


@pytest.mark.parametrize(
    ("wanted", "source"),
    [
        (Wanted("2"), "s2"),
        (Wanted("02"), "s2"),
        (Wanted("4"), None),
        (Wanted("0"), None),
        (Wanted("²"), None),
        (Wanted("D1"), None),
        (Wanted(), None),
        (Wanted("1", ("/301",)), "s3"),
        (Wanted("3", ("/elsewhere",)), "s3"),
    ],
)
def test_channels_of_a_recorder(wanted: Wanted, source: str | None) -> None:
    found = share(NVR, [wanted])[0]
    assert (found.source if found else None) == source


def test_without_a_smaller_picture_there_is_no_sub_stream() -> None:
    same = [offer("VS", BIG, "/a"), offer("VS", BIG, "/b")]
    assert share(same, [Wanted()]) == [Streams("rtsp://192.0.2.1/a")]
    twice = [offer("VS", BIG, "/a"), offer("VS", SMALL, "/a")]
    assert share(twice, [Wanted()]) == [Streams("rtsp://192.0.2.1/a")]


def test_profiles_without_a_stream_count_for_the_channels_only() -> None:
    offers = [Offer("s1", BIG), *NVR[2:]]
    assert sources(offers) == ["s1", "s2", "s3"]
    assert share(offers, [Wanted("1")]) == [None]
    assert share([], [Wanted()]) == [None]


@given(
    st.lists(
        st.builds(Offer, st.sampled_from("ab"), st.integers(0, 9), st.text(max_size=2), st.text(max_size=1))
    ),
    st.lists(st.builds(Wanted, st.text(max_size=2), st.tuples(st.text(max_size=1))), max_size=3),
)
def test_whatever_is_offered_each_camera_gets_an_answer(offers: list[Offer], cameras: list[Wanted]) -> None:
    found = share(offers, cameras)
    assert len(found) == len(cameras)
    told = {one.stream for one in offers}
    assert all(one is None or ({one.main, one.sub} - {""} <= told and one.main != one.sub) for one in found)
