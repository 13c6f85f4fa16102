"""When a snapshot may stand in for a stream, and what it may say: derived from the table of reasons, not said again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.batch import SHOT_DTYPE
from camerahub.core.result import FAULT_KINDS, PROBE_KINDS, REASONS, SEEN, Facet, Outcome, Signal, speaks
from camerahub.core.stand_in import LAST_BYTES, NOT_JUDGED, SHOT_ROW, STANDS_IN, LastShot, mark_of
from camerahub.core.transitions import signal_of, signal_table

#: A login is in question: never a second road for it.
_LOGINS = {"auth", "locked"}


def test_it_stands_in_where_the_camera_answers_and_its_stream_says_nothing_of_the_picture() -> None:
    silent = {
        name
        for name, info in REASONS.items()
        if info.online is Signal.UP and info.lit is Signal.UNKNOWN and info.picture is Signal.UNKNOWN
    }
    assert set(STANDS_IN) == silent - _LOGINS


def test_what_is_not_lit_is_not_intact_whatever_a_snapshot_would_show() -> None:
    assert not {name for name, info in REASONS.items() if info.lit is Signal.DOWN} & STANDS_IN.keys()


@pytest.mark.parametrize("reason", REASONS)
def test_a_snapshot_speaks_of_the_picture_alone_and_only_by_what_was_seen(reason: str) -> None:
    for facet in set(Facet) - {Facet.PICTURE}:
        assert signal_of(facet, "snapshot", reason) is Signal.NONE
        assert not signal_table(facet)[PROBE_KINDS["snapshot"].code << 8 :][:256].any()
    said = signal_of(Facet.PICTURE, "snapshot", reason)
    assert said is (REASONS[reason].picture if reason in SEEN else Signal.NONE)
    assert speaks("picture", reason)


def test_what_is_old_or_may_be_is_never_a_fault_and_never_good() -> None:
    for reason in NOT_JUDGED.values():
        assert REASONS[reason].outcome is Outcome.UNKNOWN
        assert signal_of(Facet.PICTURE, "snapshot", reason) is Signal.UNKNOWN
    assert {signal_of(Facet.PICTURE, "snapshot", kind) for kind in FAULT_KINDS} == {Signal.DOWN}


def test_rows_are_the_numpy_rows() -> None:
    assert SHOT_ROW.size == SHOT_DTYPE.itemsize


@given(
    st.integers(0, 2**62), st.integers(0, 2**40), st.text(max_size=60), st.binary(min_size=32, max_size=32)
)
def test_the_last_one_travels(at: int, date: int, address: str, digest: bytes) -> None:
    last = LastShot(at, date, mark_of(address), digest)
    assert LastShot.unpack(last.pack()) == last
    assert len(last.pack()) == LAST_BYTES
    with pytest.raises(struct.error):
        LastShot.unpack(last.pack()[:-1])
