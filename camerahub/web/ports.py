"""What the pages are given: shapes of answers, and where they come from. No adapter is named here.

Whatever fits may stand behind it: the hub's arrays and register, or a test's lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from camerahub.core.roll import Line, Roll


class CardLike(Protocol):
    """``registry.cards.Card``: see there."""

    @property
    def unit(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def pole(self) -> str: ...
    @property
    def vendor(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def point_class(self) -> str: ...
    @property
    def maintainer(self) -> str: ...
    @property
    def installed_on(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def switch(self) -> str: ...
    @property
    def keyboard_no(self) -> str: ...
    @property
    def status(self) -> str: ...


class FlipLike(Protocol):
    """``registry.queries.Flip``: see there."""

    @property
    def at(self) -> int: ...
    @property
    def facet(self) -> str: ...
    @property
    def old(self) -> str: ...
    @property
    def new(self) -> str: ...
    @property
    def reason(self) -> str: ...


class RoadLike(Protocol):
    """``registry.dialled.DialledRoad``: see there."""

    @property
    def endpoint(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def probed(self) -> bool: ...
    @property
    def retired(self) -> bool: ...


class AttemptLike(Protocol):
    """``registry.dialled.Attempt``: see there."""

    @property
    def at(self) -> int: ...
    @property
    def endpoint(self) -> int: ...
    @property
    def worker(self) -> str: ...
    @property
    def probe(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str: ...


class LoginLike(Protocol):
    """``registry.dialled.LoginAtDevice``: see there."""

    @property
    def address(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def tries(self) -> int: ...
    @property
    def tried_at(self) -> int: ...
    @property
    def proven_at(self) -> int: ...
    @property
    def refused_at(self) -> int: ...
    @property
    def locked_until(self) -> int: ...


class SilenceLike(Protocol):
    """``registry.dialled.Silence``: see there."""

    @property
    def from_at(self) -> int: ...
    @property
    def to_at(self) -> int | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def reason(self) -> str: ...


class DialledLike(Protocol):
    """``registry.dialled.Dialled``: see there."""

    @property
    def log_from(self) -> int: ...
    @property
    def left_out(self) -> int: ...
    @property
    def roads(self) -> Sequence[RoadLike]: ...
    @property
    def attempts(self) -> Sequence[AttemptLike]: ...
    @property
    def logins(self) -> Sequence[LoginLike]: ...
    @property
    def silences(self) -> Sequence[SilenceLike]: ...


class ProofLike(Protocol):
    """``registry.cards.Proof``: see there."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def expires_at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the page of one camera shows. ``flips`` and ``dialled`` newest first; ``alarms`` kind -> how often."""

    line: Line
    card: CardLike
    flips: Sequence[FlipLike]
    dialled: DialledLike
    proofs: Sequence[ProofLike]
    alarms: Mapping[str, int] = field(default_factory=dict)


class Shelf(Protocol):
    """Where the pages' answers come from. All may wait; none blocks the loop. EnvironmentFault: not now."""

    @property
    def site(self) -> str:
        """Name of the operations centre."""
        ...

    @property
    def zone(self) -> tzinfo:
        """In which times are shown."""
        ...

    async def roll(self) -> Roll:
        """The list, seconds old at most while the hub can be asked."""
        ...

    async def sheet(self, code: str) -> Sheet | None:
        """One camera; None for a code nobody knows."""
        ...

    async def look(self, code: str, number: int, who: str) -> bytes | None:
        """The JPEG of one piece of evidence; that ``who`` saw it is written down first. None: there is no such one."""
        ...
