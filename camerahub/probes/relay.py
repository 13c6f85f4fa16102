"""One measurement over several connections, dialled one after the other, under one deadline.

It exists because many ONVIF cameras close after every response. The engine knows connections only; what is common to
them is kept here: the first start, the time that is left, and that exactly one result is told. A connection that ends
with ``more`` is followed by the next; everything else is the end. No hidden retry: what is asked is the conversation's.
"""

from __future__ import annotations

from typing import Protocol

from camerahub.core.result import REASONS, ProbeResult, Target
from camerahub.probes.address import is_tls
from camerahub.probes.engine import Conversation, Done, Engine
from camerahub.probes.tls import Tls


class Continued(Conversation, Protocol):
    """A conversation that may outlive its connection. ``more``, read at the end of one: dial again, call ``first``."""

    more: bool

    def broken(self) -> bool:
        """Called when the connection was reset: True when that was only its end, and ``first`` is next."""


class Relay:
    """Dials ``target`` until ``conversation`` has nothing more to say, or ``deadline_s`` is used up."""

    __slots__ = ("_conversation", "_done", "_engine", "_left_s", "_spent_s", "_started_at", "_target")

    def __init__(
        self, engine: Engine, target: Target, conversation: Continued, deadline_s: float, done: Done
    ) -> None:
        self._engine = engine
        self._target = target
        self._conversation = conversation
        self._left_s = deadline_s
        self._spent_s = 0.0
        self._started_at = 0
        self._done = done

    def start(self) -> None:
        """Dial once."""
        talk: Conversation = self._conversation
        if is_tls(self._target):
            talk = Tls(talk)
        self._engine.start(self._target, talk, self._left_s, self._ended)

    def _ended(self, result: ProbeResult) -> None:
        self._started_at = self._started_at or result.started_at
        self._spent_s += result.duration_s
        self._left_s -= result.duration_s
        if self._conversation.more or (result.reason == "reset" and self._conversation.broken()):
            self._conversation.more = False
            if self._left_s > 0:
                self.start()
                return
            result = result._replace(reason="timeout", outcome=REASONS["timeout"].outcome)
        elif self._spent_s > result.duration_s:  # what earlier connections proved stays proven
            result = result._replace(stage=max(result.stage, self._conversation.stage))
        self._done(result._replace(started_at=self._started_at, duration_s=self._spent_s))
