"""The ONVIF steps of `camerahub probe`: time, login, profiles, stream addresses, and what each of them told."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from camerahub.core.result import ProbeResult, Target
from camerahub.core.texts import Text, text
from camerahub.probes.enrol import enrol
from camerahub.probes.table import Prober
from camerahub.wire.onvif_clock import Clock
from camerahub.wire.onvif_session import OnvifFacts, ProfileFacts
from camerahub.wire.url import redact

#: step -> (probe, stage), as in ``probe.STEPS``.
ONVIF_STEPS: dict[str, tuple[str, int]] = {
    "onvif_time": ("onvif_time", 2),
    "onvif_login": ("onvif_enrol", 3),
    "onvif_profiles": ("onvif_enrol", 3),
    "onvif_streams": ("onvif_enrol", 3),
}
#: step -> the call that decides it. One enrolment answers all three, so that the login is sent in one session only.
_CALLS = {
    "onvif_login": "GetDeviceInformation",
    "onvif_profiles": "GetProfiles",
    "onvif_streams": "GetStreamUri",
}
#: An enrolment is several calls: it gets the deadline of a step several times.
_STEPS_IN_ONE = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one step."""

    reason: str
    status: int
    duration_s: float
    note: Text | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class OnvifSteps:
    """Takes the steps at ``target``, in the order of ``ONVIF_STEPS``."""

    def __init__(self, prober: Prober, target: Target, deadline_s: float) -> None:
        self._prober = prober
        self._target = target
        self._deadline_s = deadline_s
        self._result: ProbeResult | None = None
        self._facts = OnvifFacts()

    @property
    def result(self) -> ProbeResult | None:
        """Of the enrolment, once it was made."""
        return self._result

    async def take(self, name: str) -> Taken:
        """One step; the enrolment is made at the first that needs it."""
        if name == "onvif_time":
            return await self._time()
        if self._result is None:
            self._result, self._facts = await enrol(
                self._prober, self._target, _STEPS_IN_ONE * self._deadline_s
            )
        return self._told(name, self._result)

    async def _time(self) -> Taken:
        done: asyncio.Future[tuple[ProbeResult, object]] = asyncio.get_running_loop().create_future()
        self._prober.learn(
            self._target,
            "onvif_time",
            self._deadline_s,
            lambda result, facts: done.set_result((result, facts)),
        )
        result, clock = await done
        note = clock_words(clock) if isinstance(clock, Clock) else None
        facts = {"clock": _clock_facts(clock)} if isinstance(clock, Clock) else {}
        # a camera that guards its clock still answers: the login is the next step's business
        reason = "ok" if result.reason == "auth" and result.stage >= 2 else result.reason
        if reason != result.reason:
            note = text("probe.came.onvif_time.auth", status=result.status)
        return Taken(reason, result.status, result.duration_s, note, facts)

    def _told(self, name: str, result: ProbeResult) -> Taken:
        made = [call for call in self._facts.calls if call.name == _CALLS[name]]
        took = sum(call.took_ms for call in made) / 1000
        if not made:
            none = name == "onvif_streams" and result.reason == "ok"
            return Taken("no_media" if none else result.reason, result.status, result.duration_s)
        best = next((call for call in made if call.reason == "ok"), made[0])
        note, facts = _LEARNED[name](self._facts) if best.reason == "ok" else (None, {})
        return Taken(best.reason, best.status, took, note, facts)


def clock_words(clock: Clock) -> Text:
    """The clock in words; seconds with one digit."""
    offset = f"{(clock.offset_ms or 0) / 1000:+.1f}"
    fields = {"offset": offset, "hours": f"{clock.hours:+d}"}
    return text(f"probe.clock.{clock.finding}", **fields)


def _clock_facts(clock: Clock) -> dict[str, Any]:
    offset = clock.offset_ms / 1000 if clock.offset_ms is not None else None
    return {"offset_s": offset, "finding": clock.finding, "hours": clock.hours, "zone": clock.zone}


def _device(facts: OnvifFacts) -> tuple[Text | None, dict[str, Any]]:
    if facts.device is None:
        return None, {}
    told = asdict(facts.device)
    return text("probe.onvif.device", **{name: value or "?" for name, value in told.items()}), {
        "device": told
    }


def _profiles(facts: OnvifFacts) -> tuple[Text | None, dict[str, Any]]:
    listed = ", ".join(_profile_words(one) for one in facts.profiles) or "-"
    said = text("probe.onvif.profiles", total=facts.profiles_total, listed=listed)
    return said, {"profiles": [asdict(one.profile) for one in facts.profiles]}


def _profile_words(one: ProfileFacts) -> str:
    profile = one.profile
    size = f" {profile.width}x{profile.height}" if profile.width and profile.height else ""
    return f"{profile.name or profile.token} {profile.codec or '?'}{size}"


def _streams(facts: OnvifFacts) -> tuple[Text | None, dict[str, Any]]:
    told = [one.stream for one in facts.profiles if one.stream is not None]
    listed = ", ".join(redact(stream.url) for stream in told)
    key = "probe.onvif.replaced" if any(stream.replaced for stream in told) else "probe.onvif.streams"
    pictures = [one.snapshot for one in facts.profiles if one.snapshot is not None]
    return text(key, listed=listed), {
        "streams": [redact(stream.url) for stream in told],
        "snapshots": [redact(picture.url) for picture in pictures],
    }


_LEARNED = {"onvif_login": _device, "onvif_profiles": _profiles, "onvif_streams": _streams}
