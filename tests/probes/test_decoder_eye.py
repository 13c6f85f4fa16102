"""Judging one picture in the decoder: what is trusted less, which reason is told, and the reduced JPEG."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.eyes import FULL, MASK_BYTES, MAX_PAST, MAX_STILL, weights_of
from camerahub.core.masks import of_rect, packed
from camerahub.core.result import FAULT_KINDS
from camerahub.frames.diagnosis import Diagnosis
from camerahub.frames.judgement import judgement
from camerahub.frames.picture import from_bgr
from camerahub.probes.decode_line import (
    ANSWER,
    REASONS,
    Answer,
    Context,
    LineError,
    pack_answer,
    take_answer,
)
from camerahub.probes.decoder_eye import judged_of, mask_of, reason_of, softened, still
from tests.probes.streams import photograph


def told(*findings: tuple[str, float], verdict: str = "") -> Diagnosis:
    judged = tuple(judgement(kind, severity) for kind, severity in findings)
    faulty = any(one.level == "fault" for one in judged)
    return Diagnosis(verdict or ("fault" if faulty else "ok"), None, "day", judged, {})


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "ok"),
        ([("blur", 0.4)], "ok"),
        ([("blur", 0.9), ("stripes", 0.6)], "blur"),
        ([("stripes", 0.9), ("black", 0.6)], "black"),
        ([("black", 0.9), ("no_signal", 0.6)], "no_signal"),
    ],
)
def test_the_most_severe_fault_is_the_reason_but_what_shows_nothing_first(
    found: list[tuple[str, float]], reason: str
) -> None:
    assert reason_of(told(*found)) == reason


def test_what_could_not_be_judged_is_never_ok() -> None:
    assert reason_of(told(verdict="unknown")) == "unjudged"
    assert reason_of(told(("black", 0.9), verdict="unknown")) == "black"


def test_false_alarms_soften_that_kind_alone() -> None:
    both = told(("blur", 0.6), ("stripes", 0.55))
    once = softened(both, weights_of({"blur": 1}))
    assert (once.verdict, once.faults) == ("fault", ("stripes",))
    assert [(one.kind, one.level) for one in once.findings] == [("stripes", "fault"), ("blur", "warn")]
    assert softened(told(("blur", 1.0)), weights_of({"blur": 3})).verdict == "ok"
    assert softened(both, b"") is both
    assert softened(both, bytes([FULL]) * len(FAULT_KINDS)) == both


def test_a_still_is_small_and_hides_what_is_private() -> None:
    picture = from_bgr(photograph(1280, 720), 1280, 720)
    private = packed(of_rect(0, 0, 50, 100))
    data = still(picture, Context(1, 32 * 1024, 1, private=private))
    assert 0 < len(data) <= 32 * 1024
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (270, 480, 3)
    assert np.abs(image[:, :230].astype(int) - 128).max() < 12
    assert image[:, 250:].std() > 10
    assert still(picture, Context(1, 100, 1)) == b""


def test_a_mask_covers_its_part_at_any_size() -> None:
    for shape in ((360, 640), (288, 352), (640, 360)):
        mask = mask_of(packed(of_rect(50, 0, 50, 100)), shape)
        assert mask.shape == shape
        assert 0.49 < mask.mean() < 0.51
        assert not mask_of(b"", shape).any()


def test_neither_what_is_ignored_nor_what_is_private_is_judged() -> None:
    left, top = packed(of_rect(0, 0, 50, 100)), packed(of_rect(0, 0, 100, 50))
    assert judged_of(Context(), (360, 640)) is None
    judged = judged_of(Context(ignored=left, private=top), (360, 640))
    assert judged is not None
    assert (judged.dtype, judged.shape, set(np.unique(judged))) == (np.uint8, (360, 640), {0, 255})
    assert judged[180:, 320:].all()
    assert not judged[:180].any()
    assert not judged[:, :320].any()


BLOBS = st.binary(max_size=300)


@given(st.integers(-(2**62), 2**62), st.integers(0, 2**31), st.integers(0, 3), st.tuples(*[BLOBS] * 4))
def test_a_context_travels_whole(
    at: int, most: int, wanted: int, blobs: tuple[bytes, bytes, bytes, bytes]
) -> None:
    context = Context(at, most, wanted, *blobs)
    assert Context.unpack(context.pack()) == context
    assert Context.unpack(b"") == Context()


@given(
    st.sampled_from(sorted(REASONS)),
    st.lists(st.sampled_from(FAULT_KINDS), unique=True),
    st.binary(max_size=MAX_PAST),
    st.binary(max_size=500),
)
def test_an_answer_travels_whole_however_it_is_cut(
    reason: str, faults: list[str], past: bytes, jpeg: bytes
) -> None:
    answer = Answer(reason, 1, 2, {"level": 3.5}, faults=tuple(faults), past=past, still=jpeg)
    buffer = bytearray()
    for piece in (pack_answer(answer)[:7], pack_answer(answer)[7:]):
        assert take_answer(buffer) is None
        buffer += piece
    assert take_answer(buffer) == answer
    assert not buffer


@pytest.mark.parametrize("sizes", [(1 << 20, 0, 0), (2, MAX_PAST + 1, 0), (2, 0, MAX_STILL + 1)])
def test_what_is_too_large_is_no_answer(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(LineError):
        take_answer(bytearray(ANSWER.pack(*sizes)))


@pytest.mark.parametrize("faults", [("dirt",), ("blur",) * 15])
def test_faults_outside_the_list_are_no_answer(faults: tuple[str, ...]) -> None:
    with pytest.raises(LineError):
        take_answer(bytearray(pack_answer(Answer("ok", faults=faults))))


def test_masks_have_the_size_that_is_told() -> None:
    assert len(packed(of_rect(0, 0, 1, 1))) == MASK_BYTES
