from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.wire.rtsp import (
    Denied,
    Event,
    Redirected,
    Reply,
    RtspClient,
    WireError,
    quick_options,
    quick_status,
)
from camerahub.wire.url import RtspUrl
from tests.wire.feeding import bytewise, feed
from tests.wire.replies import CASES, GARBAGE, Case
from tests.wire.test_rtsp import STREAMS

URL = RtspUrl("rtsp", "10.1.2.3", 8554, "/a?b=c")


def machine_status(data: bytes) -> int | str | None:
    """The status the full machine sees first; the kind of its error; None = nothing yet."""
    client = RtspClient(URL)
    client.options()
    events, error = feed(client, [data])
    first = first_status(events)
    return (error or None) if first is None else first


def first_status(events: list[Event]) -> int | None:
    found = (event.status for event in events if isinstance(event, Reply | Denied | Redirected))
    return next(found, None)


def quick(data: bytes) -> int | str | None:
    try:
        return quick_status(data)
    except WireError as error:
        return error.kind


def test_the_request() -> None:
    assert quick_options(URL) == b"OPTIONS rtsp://10.1.2.3:8554/a?b=c RTSP/1.0\r\nCSeq: 1\r\n\r\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replies_of_the_field(case: Case) -> None:
    assert quick_status(case.data) == case.status == machine_status(case.data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bytewise_it_comes_with_the_whole_head(case: Case) -> None:
    seen = b""
    answers = []
    for byte in bytewise(case.data):
        seen += byte
        answers.append(quick_status(seen))
    first = next(i for i, answer in enumerate(answers) if answer is not None)
    assert set(answers[first:]) == {case.status}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(name: str) -> None:
    data, kind = GARBAGE[name]
    assert quick(data) == machine_status(data) == kind


@settings(max_examples=500, deadline=None)
@given(STREAMS)
def test_it_agrees_with_the_machine(data: bytes) -> None:
    expected, seen = machine_status(data), quick(data)
    if expected is None and isinstance(seen, int):
        # The head is whole, its body still due: the machine says the same once the body is there.
        expected = machine_status(data + b"x" * 262144)
    assert seen == expected


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), st.integers(0, 400), st.binary(max_size=3))
def test_it_agrees_on_damaged_replies(case: Case, at: int, damage: bytes) -> None:
    test_it_agrees_with_the_machine.hypothesis.inner_test(case.data[:at] + damage + case.data[at + 1 :])
