"""Feed a machine the same bytes in several ways; every case of the wire goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from camerahub.wire.rtsp import Event, Interleaved, RtspClient, WireError

Outcome = tuple[list[Event], str]
TAIL = b"$\x07\x00\x03end"


def feed(client: RtspClient, parts: Iterable[bytes]) -> Outcome:
    """All events, and the kind of the error that ended them ("" none)."""
    events: list[Event] = []
    try:
        for part in parts:
            events += client.receive(part)
        events += client.receive(b"")
    except WireError as error:
        return events, error.kind
    return events, ""


def bytewise(data: bytes) -> list[bytes]:
    """One byte a part."""
    return [data[i : i + 1] for i in range(len(data))]


def every_way(make: Callable[[], RtspClient], data: bytes) -> Outcome:
    """Whole, byte by byte, and with a tail: the outcome, once all three agree."""
    whole = feed(make(), [data])
    assert feed(make(), bytewise(data)) == whole
    events, error = feed(make(), [data + TAIL])
    if not error and not whole[1] and events and events[-1] == Interleaved(7, b"end"):
        assert events[:-1] == whole[0]
    else:
        assert events[: len(whole[0])] == whole[0]
    return whole
