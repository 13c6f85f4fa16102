"""What a prober knows of pictures: which are decoded, of which there is evidence, when a past is kept."""

from __future__ import annotations

from camerahub.core.eyes import MASK_BYTES, Lesson
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import FAULT_KINDS
from camerahub.probes.decode_job import Decoded
from camerahub.probes.decode_line import OF_FAULT, OF_OK, Context
from camerahub.probes.eyes import FIRST_KEPT, THEN_KEPT, Eyes


def seen(reason: str, past: bytes = b"", still: bytes = b"") -> Decoded:
    return Decoded(reason, 640, 360, {}, 0.001, past=past, still=still)


def eyes_with(share: float = 1.0, still_bytes: int = 0, most: int = 1 << 20) -> Eyes:
    eyes = Eyes(most)
    eyes.configure(FleetPolicy(picture_share=share, still_bytes=still_bytes))
    return eyes


def wanted(eyes: Eyes, endpoint: int = 1) -> int:
    return Context.unpack(eyes.context(endpoint, 5)).wanted


def test_every_second_picture_of_the_usual_size_is_decoded() -> None:
    eyes = eyes_with(0.5)
    assert not eyes.usual(1, 1000)  # never seen
    eyes.took(1, seen("ok"), 1000)
    decoded = []
    for _ in range(6):
        skipped = eyes.usual(1, 1010)
        decoded.append(not skipped)
        if not skipped:
            eyes.took(1, seen("ok"), 1010)
    assert decoded == [False, True, False, True, False, True]


def test_another_size_a_fault_or_a_failed_look_is_always_followed_by_decoding() -> None:
    for spoil in (
        lambda eyes: None,
        lambda eyes: eyes.took(1, seen("blur"), 1000),
        lambda eyes: eyes.missed(1),
        lambda eyes: eyes.took(1, seen("undecodable"), 1000),
    ):
        eyes = eyes_with(0.5)
        eyes.took(1, seen("ok"), 1000)
        spoil(eyes)
        assert not eyes.usual(1, 2000)


def test_everything_is_decoded_when_asked_for() -> None:
    eyes = eyes_with(1.0)
    eyes.took(1, seen("ok"), 1000)
    assert not any(eyes.usual(1, 1000) for _ in range(5))


def test_there_is_evidence_of_a_confirmed_fault_once_and_of_its_end_once() -> None:
    eyes = eyes_with(still_bytes=9000)
    asked = []
    for reason in ("ok", "blur", "blur", "blur", "unjudged", "ok", "ok"):
        want = wanted(eyes)
        shown = want == (OF_FAULT if reason == "blur" else OF_OK if reason == "ok" else -1)
        eyes.took(1, seen(reason, still=b"jpeg" if shown else b""), 1000)
        asked.append(want)
    assert asked == [0, 0, OF_FAULT, OF_OK, OF_OK, OF_OK, 0]


def test_a_fault_that_was_none_leaves_no_evidence() -> None:
    eyes = eyes_with(still_bytes=9000)
    eyes.took(1, seen("blur"), 1000)
    eyes.took(1, seen("ok"), 1000)
    assert wanted(eyes) == 0


def test_without_leave_nothing_is_ever_shown() -> None:
    eyes = eyes_with()
    for _ in range(3):
        eyes.took(1, seen("black"), 1000)
    assert wanted(eyes) == 0


def test_a_past_is_kept_seldom() -> None:
    eyes = eyes_with()
    kept = [bool(eyes.took(1, seen("ok", past=b"p"), 1000)) for _ in range(FIRST_KEPT + 2 * THEN_KEPT)]
    times = [n for n, one in enumerate(kept, 1) if one]
    assert times == [FIRST_KEPT, FIRST_KEPT + THEN_KEPT, FIRST_KEPT + 2 * THEN_KEPT]


def test_lessons_are_told_to_the_decoder_and_ours_is_the_newer_past() -> None:
    eyes, mask = eyes_with(), bytes(MASK_BYTES)
    weights = bytes(len(FAULT_KINDS))
    eyes.teach([Lesson(1, b"stored", mask, b"", weights)])
    told = Context.unpack(eyes.context(1, 77))
    assert (told.at, told.past, told.ignored, told.private, told.weights) == (
        77,
        b"stored",
        mask,
        b"",
        weights,
    )
    eyes.took(1, seen("ok", past=b"newer"), 1000)
    eyes.teach([Lesson(1, b"stored", b"", mask)])
    told = Context.unpack(eyes.context(1, 78))
    assert (told.past, told.ignored, told.private) == (b"newer", b"", mask)
    eyes.teach([Lesson(1, b"")])
    assert Context.unpack(eyes.context(1, 79)).past == b""
    eyes.forget([1, 2])
    assert eyes.held == 0


def test_pasts_are_bounded_and_the_oldest_look_is_forgotten_first() -> None:
    eyes = eyes_with(most=1000)
    for endpoint in range(20):
        eyes.context(endpoint, 1)
        eyes.took(endpoint, seen("ok", past=bytes(100)), 1000)
        assert eyes.held <= 1000
    assert [bool(Context.unpack(eyes.context(e, 2)).past) for e in range(20)] == [False] * 10 + [True] * 10


def test_a_snapshot_in_place_of_a_stream_has_a_past_of_its_own_and_the_same_masks() -> None:
    eyes, mask = eyes_with(), bytes([255]) * MASK_BYTES
    eyes.teach([Lesson(1, b"stream", mask, mask)])
    eyes.took(~1, seen("ok", past=b"snapshot"), 1000)
    stream, beside = Context.unpack(eyes.context(1, 5)), Context.unpack(eyes.context_beside(1, 5))
    assert (stream.past, beside.past) == (b"stream", b"snapshot")
    assert beside.ignored == stream.ignored == mask
    eyes.teach([Lesson(1, b"")])  # its view was called right: both forget
    assert Context.unpack(eyes.context_beside(1, 5)).past == b""
    eyes.took(~1, seen("ok", past=b"snapshot"), 1000)
    eyes.forget([1])
    assert eyes.held == 0
