"""The round of `camerahub enrol`: every device is asked once, one at a time at each address, at a gentle pace."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from camerahub.cli.enrol_desk import Desk
from camerahub.core.guard_rows import DAY, PASSED, Held
from camerahub.core.offers import Offer, Streams, Wanted, share
from camerahub.core.result import SENT, ProbeResult, Target
from camerahub.probes.enrol import enrol
from camerahub.probes.table import Prober
from camerahub.registry.onvif import OnvifRoad
from camerahub.wire.onvif_session import OnvifFacts, ProfileFacts
from camerahub.wire.url import UrlError, split_credentials

#: An enrolment is some calls and two more a profile; a recorder of 64 channels has 128 profiles.
DEADLINE_S = 30.0
MOST_PROFILES = 128
#: Addresses asked at once, and how soon one begins after another: the pace of the guard's own trials.
AT_ONCE = 16
PACE_S = 0.2
#: How soon to ask again for a login that only waits for another one.
AGAIN_S = 0.5
#: What happened to a device, beside the reasons of ``core.result``: nobody dialled it.
HELD, BEFORE, PAUSED = "held", "refused_before", "paused"


@dataclass(slots=True)
class Device:
    """One ONVIF service with one login, and the cameras of the register behind it; ``host`` its address as an IP."""

    host: str
    roads: list[OnvifRoad]

    @property
    def first(self) -> OnvifRoad:
        """What all of them share: address and login."""
        return self.roads[0]


@dataclass(slots=True)
class Asked:
    """What came of one device. ``reason``: of the result, or HELD, BEFORE or PAUSED; ``cause``, ``until`` when held."""

    device: Device
    reason: str
    status: int = 0
    facts: OnvifFacts = field(default_factory=OnvifFacts)
    cause: str = ""
    until: int = 0
    let_in: bool = False
    refused: bool = False


def devices(roads: Iterable[OnvifRoad], hosts: Mapping[str, str]) -> list[list[Device]]:
    """Devices by address, those never asked first, then those asked longest ago. Each camera comes once."""
    found: dict[tuple[object, ...], Device] = {}
    seen: set[int] = set()
    for road in roads:
        if road.camera in seen:
            continue
        seen.add(road.camera)
        host = hosts.get(road.host, road.host)
        key = (host, road.scheme, road.port, road.path, road.credential_id)
        found.setdefault(key, Device(host, [])).roads.append(road)
    at: dict[str, list[Device]] = defaultdict(list)
    for device in found.values():
        at[device.host].append(device)
    return sorted(at.values(), key=_age)


def _age(group: list[Device]) -> tuple[int, int]:
    asked = (max(road.enrolled_at, road.failed_at) for device in group for road in device.roads)
    return min(asked), group[0].first.endpoint


class EnrolRound:
    """Asks devices. ``password`` opens the one of a road; ``paused`` are camera ids; ``now`` gives µs UTC."""

    def __init__(
        self,
        prober: Prober,
        desk: Desk,
        password: Callable[[OnvifRoad], str],
        paused: set[int],
        now: Callable[[], int],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._prober, self._desk, self._password = prober, desk, password
        self._paused, self._now, self._deadline_s = paused, now, deadline_s
        self._next = 0.0
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def ask(self, groups: Sequence[list[Device]]) -> list[Asked]:
        """All devices of these addresses, the addresses side by side."""
        found = await asyncio.gather(*(self._ask_in_turn(group) for group in groups))
        return [asked for group in found for asked in group]

    async def _ask_in_turn(self, group: list[Device]) -> list[Asked]:
        return [await self._ask(device) for device in group]

    async def _ask(self, device: Device) -> Asked:
        road = device.first
        if any(one.camera in self._paused for one in device.roads):
            return Asked(device, PAUSED)
        if self._refused_before(road):
            return Asked(device, BEFORE, until=road.failed_at + DAY)
        async with self._gate:
            await self._turn()
            return await self._ask_now(device, road)

    async def _ask_now(self, device: Device, road: OnvifRoad) -> Asked:
        if not road.credential_id:
            return self._judged(device, *await self._dial(device, "", ""))
        lent = await self._borrow(device.host, road)
        if isinstance(lent, Held):
            return Asked(device, HELD, cause=lent.cause, until=lent.until)
        reason, sent = "timeout", True
        try:
            result, facts = await self._dial(device, road.username, self._password(road))
            reason, sent = for_guard(result, facts), bool(result.flags & SENT)
        finally:
            await self._desk.give_back(lent, reason, sent)
        return self._judged(device, result, facts)

    async def _borrow(self, host: str, road: OnvifRoad) -> int | Held:
        """A login, as soon as the one that is in its way has ended."""
        tries = 0
        while True:
            lent = await self._desk.borrow(host, road.username, road.version)
            tries += 1
            if not isinstance(lent, Held) or lent.cause != "trying" or tries > self._deadline_s / AGAIN_S:
                return lent
            await asyncio.sleep(AGAIN_S)

    async def _turn(self) -> None:
        """Begin no sooner than ``PACE_S`` after the one before."""
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next) + PACE_S
        await asyncio.sleep(self._next - PACE_S - now)

    def _refused_before(self, road: OnvifRoad) -> bool:
        return bool(road.version) and road.refused == road.version and self._now() - road.failed_at < DAY

    async def _dial(self, device: Device, user: str, password: str) -> tuple[ProbeResult, OnvifFacts]:
        target = target_of(device, user, password)
        return await enrol(
            self._prober, target, self._deadline_s, challenge_first=True, most_profiles=MOST_PROFILES
        )

    @staticmethod
    def _judged(device: Device, result: ProbeResult, facts: OnvifFacts) -> Asked:
        asked = Asked(device, result.reason, result.status, facts)
        asked.let_in = facts.device is not None
        asked.refused = not asked.let_in and result.reason == "auth" and bool(result.flags & SENT)
        return asked


def target_of(device: Device, user: str = "", password: str = "") -> Target:
    """Whom to dial for a device."""
    road = device.first
    shown = f"[{device.host}]" if ":" in device.host else device.host
    url = f"{road.scheme}://{shown}:{road.port}{road.path}"
    return Target(road.endpoint, device.host, road.port, url, user, password)


def for_guard(result: ProbeResult, facts: OnvifFacts) -> str:
    """What the session says of the login: it ends with its last call, which is about streams, not about passwords."""
    if facts.device is not None:
        return "ok"
    return "protocol" if result.reason in PASSED else result.reason


def streams_of(asked: Asked) -> list[Streams | None]:
    """For each camera of the device."""
    offers = [_offer(one) for one in asked.facts.profiles]
    return share(offers, [Wanted(road.channel, road.paths) for road in asked.device.roads])


def _offer(one: ProfileFacts) -> Offer:
    profile = one.profile
    pixels = (profile.width or 0) * (profile.height or 0)
    snapshot = one.snapshot.url if one.snapshot else ""
    if one.stream is None:
        return Offer(profile.source, pixels, snapshot=snapshot)
    try:
        path = split_credentials(one.stream.url)[0].path
    except UrlError:
        return Offer(profile.source, pixels, snapshot=snapshot)
    return Offer(profile.source, pixels, one.stream.url, path, snapshot)
