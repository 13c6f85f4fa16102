"""The kinds of probes, and the face the services see.

A new kind is one file with a conversation and one line here; its code, stage and facets stand in ``core.result``.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import NamedTuple, cast

from camerahub.core.eyes import Lesson
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import ProbeResult, Target
from camerahub.core.stand_in import SNAPSHOT
from camerahub.probes.address import is_tls
from camerahub.probes.engine import Brief, Conversation, Done, Engine, Verdict
from camerahub.probes.media import Media, media, picture
from camerahub.probes.options import options
from camerahub.probes.pictures import Pictures
from camerahub.probes.relay import Continued, Relay
from camerahub.probes.rtsp import rtsp
from camerahub.probes.snapshot import Snapshot, beside, snapshot
from camerahub.probes.tcp import tcp
from camerahub.probes.tls import Tls
from camerahub.wire.url import UrlError


class ProbeSpec(NamedTuple):
    """One kind: how its conversation with a target is made, whether rtsps and https addresses get TLS.

    ``media``: media flows. ``relayed``: the conversation may take several connections (``relay.Continued``).
    """

    conversation: Callable[[Target], Conversation]
    tls: bool
    media: bool = False
    relayed: bool = False


def _onvif(name: str) -> Callable[[Target], Conversation]:
    """A conversation of ``probes.onvif``, which brings lxml: loaded when the first one is made."""

    def make(target: Target) -> Conversation:
        conversation: Conversation = getattr(import_module("camerahub.probes.onvif"), name)(target)
        return conversation

    return make


#: Keys equal ``core.result.PROBE_KINDS``.
PROBES: dict[str, ProbeSpec] = {
    "tcp": ProbeSpec(tcp, tls=False),
    "options": ProbeSpec(options, tls=True),
    "rtsp": ProbeSpec(rtsp, tls=True),
    "media": ProbeSpec(media, tls=True, media=True),
    "picture": ProbeSpec(picture, tls=True, media=True),
    "onvif_time": ProbeSpec(_onvif("onvif_time"), tls=True),
    "onvif_enrol": ProbeSpec(_onvif("onvif_enrol"), tls=True, relayed=True),
    "snapshot": ProbeSpec(snapshot, tls=True),
}

#: Told the result and what the conversation learned beyond it (its ``facts``), None where it learns nothing.
Learned = Callable[[ProbeResult, object], None]

#: Descriptors that are not cameras: files, pipes, the database, the web server.
RESERVED_FILES = 256


class Prober:
    """Dials cameras: one attempt, one deadline, exactly one result a start. Never raises for a bad camera.

    ``done`` is called from the loop, never inside ``start``. Starts beyond ``max_in_flight`` wait their turn; their
    clock starts when they are dialled. An address that cannot be used ends as ``no_address``. ``decoders``: processes
    that decode what `picture` and `snapshot` bring; they stand by once ``ready`` has returned.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, max_in_flight: int = 2000, decoders: int = 0
    ) -> None:
        self._engine = Engine(loop, max_in_flight=max_in_flight)
        self._pictures = Pictures(loop, decoders)
        self._snapshot_basic = False

    async def ready(self) -> None:
        """Start the decoders."""
        await self._pictures.start()

    @property
    def in_flight(self) -> int:
        """Conversations dialled and not yet reported."""
        return self._engine.in_flight + self._pictures.in_flight

    @property
    def decoding_s(self) -> float:
        """Processor seconds spent on pictures by the decoders."""
        return self._pictures.cpu_s

    @property
    def decoding(self) -> int:
        """Pictures that wait for a decoder or are with one."""
        return self._pictures.in_flight

    def configure(self, policy: FleetPolicy) -> None:
        """Which pictures are decoded, which are kept, how snapshots log in; without it: all, none, Digest only."""
        self._pictures.eyes.configure(policy)
        self._snapshot_basic = bool(policy.snapshot_basic)

    def teach(self, lessons: Iterable[Lesson]) -> None:
        """What judging the pictures of these endpoints needs."""
        self._pictures.teach(lessons)

    def forget(self, endpoints: Iterable[int]) -> None:
        """Their pictures are judged here no longer."""
        self._pictures.forget(endpoints)

    @property
    def waiting(self) -> int:
        """Starts that wait for a free place."""
        return self._engine.waiting

    def start(self, target: Target, probe: str, deadline_s: float, done: Done) -> None:
        """Begin one attempt of at most ``deadline_s`` seconds (our own lateness is given back)."""
        spec = PROBES[probe]
        try:
            if probe == SNAPSHOT and target.shot_url:
                target = beside(target)
            conversation = self._conversation(spec, probe, target)
        except UrlError:
            conversation, target = _Unusable(probe), Target(target.endpoint, "", 0)
        else:
            if isinstance(conversation, (Media, Snapshot)):
                done = partial(self._pictures.ended, conversation, done)
            if spec.relayed:
                self.run(target, conversation, deadline_s, done)
                return
            if spec.tls and is_tls(target):
                conversation = Tls(conversation)
        self._engine.start(target, conversation, deadline_s, done)

    def _conversation(self, spec: ProbeSpec, probe: str, target: Target) -> Conversation:
        if probe == SNAPSHOT:
            return snapshot(target, basic_in_clear=self._snapshot_basic)
        return spec.conversation(self._pictures.aimed(target) if spec.media else target)

    def hurry(self) -> None:
        """End conversations about media now, in order: as ``blind``, with the last word they owe the camera."""
        self._engine.hurry()

    def learn(self, target: Target, probe: str, deadline_s: float, done: Learned) -> None:
        """As ``start``; ``done`` is also handed the facts the conversation gathered, whatever the result."""
        try:
            conversation = PROBES[probe].conversation(target)
        except UrlError:
            self._engine.start(
                Target(target.endpoint, "", 0),
                _Unusable(probe),
                deadline_s,
                lambda result: done(result, None),
            )
            return
        self.run(
            target,
            conversation,
            deadline_s,
            lambda result: done(result, getattr(conversation, "facts", None)),
        )

    def run(self, target: Target, conversation: Conversation, deadline_s: float, done: Done) -> None:
        """As ``start``, with a conversation of the caller's own making."""
        spec = PROBES[conversation.probe]
        if spec.relayed:
            Relay(self._engine, target, cast(Continued, conversation), deadline_s, done).start()
            return
        if spec.tls and is_tls(target):
            conversation = Tls(conversation)
        self._engine.start(target, conversation, deadline_s, done)

    async def aclose(self) -> None:
        """Give up what is in flight, without results, and free everything."""
        await self._engine.aclose()
        await self._pictures.aclose()


class _Unusable(Brief):
    """Stands in for the conversation with an address that cannot be used; it is never dialled."""

    __slots__ = ("probe",)

    def __init__(self, probe: str) -> None:
        self.probe = probe

    def first(self) -> Verdict:
        return Verdict("no_address", 0)

    def received(self, data: bytes) -> Verdict:
        del data
        return self.first()

    def closed(self) -> Verdict:
        return self.first()


def open_files_allow(wanted: int) -> int:
    """How many of ``wanted`` sockets may be open at once, after raising the soft limit as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < need:
        soft = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - RESERVED_FILES))
