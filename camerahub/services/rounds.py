"""Looks on demand: which rounds still ask for endpoints, which wait for answers, which are done. No time, no slots."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Wanted(NamedTuple):
    """One look that a round asks for."""

    round_id: int
    probe: str
    endpoint: int


class Rounds:
    """``done``: rounds of which every look has ended; who has told of them clears it."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self._open: dict[int, int] = {}
        self._asking: deque[tuple[int, str, Iterator[int]]] = deque()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def asking(self) -> bool:
        """Whether ``take`` has more to say."""
        return bool(self._asking)

    def ask(self, round_id: int, probe: str, endpoints: Iterable[int]) -> None:
        """A new round."""
        self._open[round_id] = 1
        self._asking.append((round_id, probe, iter(endpoints)))

    def take(self) -> Wanted | None:
        """The next look asked for; None when a round has named its last."""
        round_id, probe, endpoints = self._asking[0]
        endpoint = next(endpoints, None)
        if endpoint is not None:
            return Wanted(round_id, probe, endpoint)
        self._asking.popleft()
        self.close((round_id,))
        return None

    def open(self, round_id: int) -> None:
        """One more look of this round is under way."""
        self._open[round_id] += 1

    def close(self, rounds: Iterable[int]) -> None:
        """One look of each has ended."""
        for round_id in rounds:
            self._open[round_id] -= 1
            if not self._open[round_id]:
                del self._open[round_id]
                self.done.append(round_id)
