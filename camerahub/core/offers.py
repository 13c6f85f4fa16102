"""Which of the streams a device offers belong to which camera of the register, and which of them is the small one.

A recorder answers for all its channels in one session: its cameras share one ONVIF address, one login and one answer.
Must not know: ONVIF, sockets, tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: What a clock can be found to be, in the order of the codes that are stored.
CLOCKS = ("right", "off", "zone", "reset", "untold")


class Offer(NamedTuple):
    """One profile: the token of its video source, its size in pixels (0 untold), its addresses ("" untold).

    ``path``: that of ``stream``, with its query, to find a stream that the register knows.
    """

    source: str
    pixels: int
    stream: str = ""
    path: str = ""
    snapshot: str = ""


class Wanted(NamedTuple):
    """One camera that asks which offers are its own: ``channel`` as the register writes it, stream paths it has."""

    channel: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Streams:
    """The addresses of one camera, "" where the device offers none. ``sub`` is never the same as ``main``."""

    main: str = ""
    sub: str = ""
    snapshot: str = ""
    source: str = field(default="", compare=False)


def sources(offers: Iterable[Offer]) -> list[str]:
    """The video sources in the order told: channel 1, 2, …"""
    return list(dict.fromkeys(offer.source for offer in offers))


def share(offers: Sequence[Offer], cameras: Sequence[Wanted]) -> list[Streams | None]:
    """The streams of each of ``cameras``, which share one device; None where nothing says which are its own.

    A stream path of the register that the device tells too decides; else the channel number, where the device has
    several sources; else the only source, where only one camera of the register asks for it.
    """
    there = sources(offers)
    return [_streams(offers, _source(offers, there, one, alone=len(cameras) == 1)) for one in cameras]


def _source(offers: Sequence[Offer], there: list[str], one: Wanted, *, alone: bool) -> str | None:
    for offer in offers:
        if offer.path and offer.path in one.paths:
            return offer.source
    if len(there) > 1:
        number = int(one.channel) if one.channel.isascii() and one.channel.isdecimal() else 0
        return there[number - 1] if 1 <= number <= len(there) else None
    return there[0] if there and alone else None


def _streams(offers: Sequence[Offer], source: str | None) -> Streams | None:
    """The largest of a source is main, the smallest that has another address is sub; the first among equals."""
    mine = [offer for offer in offers if offer.source == source and offer.stream]
    if source is None or not mine:
        return None
    main = max(mine, key=lambda offer: offer.pixels)
    others = [offer for offer in mine if offer.stream != main.stream and offer.pixels < main.pixels]
    sub = min(others, key=lambda offer: offer.pixels).stream if others else ""
    picture = next((offer.snapshot for offer in (main, *mine) if offer.snapshot), "")
    return Streams(main.stream, sub, picture, source)
