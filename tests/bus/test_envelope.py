"""Frames: the same message back however the bytes are cut, one error for everything else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.bus.envelope import (
    FACTS_BYTES,
    MAX_FRAME,
    ROW_BYTES,
    VERSION,
    Decoder,
    EnvelopeError,
    decode_body,
    encode,
)
from camerahub.core import messages as m
from camerahub.core.batch import FACTS_DTYPE, RESULT_DTYPE
from camerahub.core.eyes import MASK_BYTES, Lesson
from camerahub.core.result import FAULT_KINDS, PROBE_KINDS, REASONS, Target
from camerahub.core.stand_in import LAST_BYTES
from camerahub.core.uplinks import Reference, Uplink

IDS = st.integers(0, 2**63 - 1)
PROBES = st.sampled_from(sorted(PROBE_KINDS))
SCOPE = st.none() | st.lists(IDS, max_size=20).map(tuple)
TARGETS = st.builds(
    Target,
    endpoint=IDS,
    host=st.text(max_size=40),
    port=st.integers(0, 65535),
    url=st.text(max_size=80),
    username=st.text(max_size=20),
    password=st.text(max_size=20),
    sub_url=st.text(max_size=40),
    stream=st.sampled_from(["", "sub", "main"]),
    shot_url=st.text(max_size=40),
)
REFERENCES = st.builds(Reference, PROBES, st.text(max_size=40), st.integers(0, 65535))
UPLINKS = st.builds(
    Uplink,
    st.text(max_size=64),
    st.lists(st.text(max_size=64), max_size=3).map(tuple),
    st.lists(REFERENCES, max_size=3).map(tuple),
    st.integers(1, 8),
)
ASSIGNMENTS = st.builds(
    m.Assignment, target=TARGETS, device=IDS, camera=IDS, subnet=st.text(max_size=64), key=IDS
)
MASKS = st.sampled_from([b"", bytes(MASK_BYTES)])
LESSONS = st.builds(
    Lesson,
    IDS,
    st.none() | st.binary(max_size=300),
    MASKS,
    MASKS,
    st.sampled_from([b"", bytes(len(FAULT_KINDS))]),
    st.sampled_from([b"", bytes(LAST_BYTES)]),
)
MESSAGES = st.one_of(
    st.builds(m.Setup, st.text(max_size=64), PROBES, st.builds(m.FleetPolicy, seed=IDS)),
    st.builds(m.Assign, st.lists(ASSIGNMENTS, max_size=5).map(tuple)),
    st.builds(m.Unassign, st.lists(IDS, max_size=20).map(tuple)),
    st.builds(m.Ack, IDS),
    st.builds(m.Round, IDS, PROBES, SCOPE),
    st.builds(m.Pause, st.booleans(), SCOPE),
    st.builds(
        m.Permits,
        IDS,
        st.lists(IDS, max_size=20).map(tuple),
        st.lists(st.tuples(IDS, IDS), max_size=5).map(tuple),
    ),
    st.builds(m.Withdraw, SCOPE),
    st.builds(m.LoginEnded, IDS, IDS, IDS, st.sampled_from(["", *REASONS]), st.booleans()),
    st.just(m.Drain()),
    st.builds(m.Teach, st.lists(LESSONS, max_size=4).map(tuple)),
    st.builds(m.Learned, st.text(max_size=64), IDS, IDS, st.binary(max_size=300)),
    st.builds(
        m.Still, st.text(max_size=64), IDS, IDS, st.sampled_from(["", *REASONS]), st.binary(max_size=300)
    ),
    st.builds(
        m.Findings, st.text(max_size=64), st.integers(0, 5).map(lambda n: bytes(range(FACTS_BYTES)) * n)
    ),
    st.builds(m.Uplinks, st.lists(UPLINKS, max_size=4).map(tuple)),
    st.builds(
        m.Sighting, st.text(max_size=64), st.text(max_size=64), st.integers(0, 2), IDS, st.text(max_size=64)
    ),
    st.builds(
        m.Results,
        st.text(max_size=64),
        IDS,
        IDS,
        st.integers(0, 5).map(lambda n: bytes(range(ROW_BYTES)) * n),
    ),
    st.builds(m.RoundDone, IDS, IDS, IDS),
    st.builds(
        m.Stats, st.text(max_size=64), st.dictionaries(st.text(max_size=20), st.floats(-1e9, 1e9), max_size=5)
    ),
    st.builds(m.Bye, IDS, IDS),
)


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=6), st.lists(st.integers(1, 200), max_size=30))
def test_the_same_messages_come_back_however_the_bytes_are_cut(
    sent: list[m.Message], cuts: list[int]
) -> None:
    data = b"".join(encode(message) for message in sent)
    decoder, got = Decoder(), []
    for size in cuts:
        got += decoder.feed(data[:size])
        data = data[size:]
    got += decoder.feed(data)
    assert got == sent
    assert not decoder.mid_frame


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_the_one_error(data: bytes) -> None:
    decoder = Decoder()
    try:
        decoder.feed(data)
    except EnvelopeError:
        with pytest.raises(EnvelopeError):
            decoder.feed(b"")


@settings(deadline=None, max_examples=500)
@given(MESSAGES, st.data())
def test_a_spoilt_frame_is_a_message_or_the_one_error(message: m.Message, data: st.DataObject) -> None:
    frame = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        Decoder().feed(bytes(frame))
    except EnvelopeError:
        return


def _frame(kind: int, header: bytes, payload: bytes = b"", version: int = VERSION) -> bytes:
    return struct.pack(">BBI", version, kind, len(header)) + header + payload


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01",
        _frame(4, b'{"seq":1}', version=9),
        _frame(99, b"{}"),
        _frame(4, b"[]"),
        _frame(4, b"{}"),
        _frame(4, b'{"seq":-1}'),
        _frame(4, b'{"seq":true}'),
        _frame(4, b'{"seq":1e3}'),
        _frame(4, b'{"seq":' + b"9" * 5000 + b"}"),
        _frame(4, b"\xff"),
        _frame(4, b"[" * 100_000),
        _frame(5, b'{"round":1,"probe":"finger","endpoints":null}'),
        _frame(5, b'{"round":1,"probe":[],"endpoints":null}'),
        _frame(6, b'{"paused":1,"endpoints":null}'),
        _frame(2, b'{"a":[[1,"h",554,"","","",0,0]]}'),
        _frame(2, b'{"a":[[1,"h",70000,"","","",0,0,"",0]]}'),
        _frame(2, b'{"a":[[1,"h",554,"","","",0,0,"",-1]]}'),
        _frame(8, b'{"heard":0,"standing":[],"once":[[1]]}'),
        _frame(8, b'{"heard":0,"standing":[],"once":[1]}'),
        _frame(20, b'{"seq":1,"key":1,"permit":0,"reason":"secret","sent":true}'),
        _frame(20, b'{"seq":1,"key":1,"permit":0,"reason":[],"sent":true}'),
        _frame(2, b'{"a":{}}'),
        _frame(3, b'{"endpoints":[' + b"1," * 3000 + b"1]}"),
        _frame(1, b'{"worker":"w","probe":"tcp","policy":{}}'),
        _frame(16, b'{"worker":"w","epoch":1,"seq":1}', b"x" * (ROW_BYTES + 1)),
        _frame(17, b'{"worker":"w","values":{"a":NaN}}'),
        _frame(17, b'{"worker":"w","values":{"a":"1"}}'),
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        decode_body(body)


@pytest.mark.parametrize("size", [0, 5, MAX_FRAME + 1, 0xFFFFFFFF])
def test_frames_of_impossible_size_are_refused_before_they_are_held(size: int) -> None:
    with pytest.raises(EnvelopeError):
        Decoder().feed(struct.pack(">I", size))


def test_a_message_too_large_is_refused_by_the_sender() -> None:
    with pytest.raises(EnvelopeError):
        encode(m.Results("w", 1, 1, b"\0" * ROW_BYTES * 700_000))


def test_the_longest_part_of_a_list_fits() -> None:
    long = m.Assignment(Target(1, "测" * 255, 1, "测" * 4096, "测" * 256, "测" * 256), subnet="测" * 64)
    assert len(encode(m.Assign((long,) * 500))) <= MAX_FRAME


def test_an_assignment_too_long_to_travel_is_refused_where_it_is_made_without_its_secret() -> None:
    with pytest.raises(ValueError, match="endpoint 7") as caught:
        m.Assignment(Target(7, "h", 1, "", "admin", "hunter2" * 100))
    assert "hunter2" not in str(caught.value)


def test_no_error_and_no_repr_carries_a_password() -> None:
    good = m.Assign((m.Assignment(Target(1, "h", 1, "", "admin", "hunter2-planted")),))
    assert "hunter2" not in repr(good)
    frame = encode(good)
    for at in range(4, len(frame)):
        error = _refusal(frame[:at] + b"\x00" + frame[at + 1 :])
        assert error is None or "hunter2" not in str(error)
        assert error is None or error.__context__ is None or error.__suppress_context__


def _refusal(frame: bytes) -> EnvelopeError | None:
    try:
        Decoder().feed(frame)
    except EnvelopeError as error:
        return error
    return None


def test_a_row_is_as_long_as_the_arrays_say() -> None:
    assert RESULT_DTYPE.itemsize == ROW_BYTES
    assert FACTS_DTYPE.itemsize == FACTS_BYTES
