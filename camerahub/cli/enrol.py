"""`camerahub enrol`: what the ONVIF services of the register's cameras say they are and offer, kept in the register."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from camerahub.cli.enrol_desk import Desk, hub_desk, left_alone, own_desk, pen
from camerahub.cli.enrol_round import (
    BEFORE,
    HELD,
    PAUSED,
    Asked,
    Device,
    EnrolRound,
    devices,
    streams_of,
)
from camerahub.cli.pause import who
from camerahub.cli.probe_onvif import clock_words
from camerahub.cli.table import moment, plain
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.offers import CLOCKS
from camerahub.core.rates import rfc3339
from camerahub.core.result import REASONS
from camerahub.core.texts import Text, text
from camerahub.names import resolve
from camerahub.plan import guard_policy
from camerahub.probes.table import Prober
from camerahub.registry import pauses, queries
from camerahub.registry.onvif import CLOCK_DTYPE, Enrolment, Learned, OnvifRoad, roads
from camerahub.registry.vendors import shipped_vendors
from camerahub.services import loop
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.store import Store
    from camerahub.wire.onvif_clock import Clock


def chosen_roads(store: Store, codes: Sequence[str], area: str | None) -> list[OnvifRoad]:
    """The ONVIF endpoints asked for. ConfigError for an area or a camera nobody knows."""
    if area is not None and area not in queries.area_codes(store.engine):
        raise ConfigError("web.no_area", area=area)
    found = roads(store.engine, area)
    if not codes:
        return found
    known = {word: queries.camera_code(store.engine, word) for word in codes}
    strangers = [word for word, code in known.items() if code is None]
    if strangers:
        raise ConfigError("enrol.no_camera", codes=", ".join(map(plain, strangers)))
    return [road for road in found if road.code in set(known.values())]


def clock_rows(clocks: dict[int, Clock], now: int) -> np.ndarray:
    """CLOCK_DTYPE rows of what endpoints told."""
    rows = [
        (endpoint, now, CLOCKS.index(clock.finding), clock.hours, clock.offset_ms or 0)
        for endpoint, clock in clocks.items()
    ]
    return np.array(rows, CLOCK_DTYPE)


#: Addresses asked before what they told is kept; the hub's probers leave them alone until then.
PART = 64


class Enroller:
    """Asks in parts and keeps each part before the next begins: who interrupts it loses little."""

    def __init__(self, context: Context, store: Store, as_json: bool) -> None:
        self._store, self._as_json = store, as_json
        self._home = context.home_folder()
        self._hub = self._home if self._home.hub_pid() is not None else None
        self._zone = context.settings().site.zone
        self._policy = guard_policy(context.settings())
        self._ring = context.keyring()
        self._clock = SystemClock()
        self.verdicts: Counter[str] = Counter()
        self.added: Counter[str] = Counter()
        self.devices = 0

    async def run(self, chosen: list[OnvifRoad], limit: int | None) -> None:
        """Every device of ``chosen``, ``limit`` at most."""
        rows = queries.targets(self._store.engine)
        hosts = await resolve({road.host for road in chosen} | {row.host for row in rows})
        groups = devices(chosen, hosts)[:limit]
        beside: dict[str, list[int]] = {}
        for row in rows:
            beside.setdefault(hosts[row.host], []).append(row.endpoint)
        async with AsyncExitStack() as stack:
            if self._hub is None:
                stack.enter_context(self._home.lock())
                desk: Desk = await stack.enter_async_context(own_desk(self._store, self._policy))
            else:
                desk = await stack.enter_async_context(hub_desk(self._hub))
            await self._in_parts(desk, groups, beside)

    async def _in_parts(self, desk: Desk, groups: list[list[Device]], beside: dict[str, list[int]]) -> None:
        prober = Prober(asyncio.get_running_loop())
        paused = pauses.paused_cameras(self._store.engine)
        one = EnrolRound(prober, desk, self._password, paused, self._clock.wall_us)
        try:
            for start in range(0, len(groups), PART):
                part = groups[start : start + PART]
                held = [endpoint for group in part for endpoint in beside.get(group[0].host, [])]
                with left_alone(self._hub, held):
                    found = await one.ask(part)
                self._keep(found)
        finally:
            await prober.aclose()

    def _password(self, road: OnvifRoad) -> str:
        return self._ring.decrypt(road.secret, road.credential_id)

    def _keep(self, found: Sequence[Asked]) -> None:
        told = [one for asked in found if asked.let_in for one in self._enrolments(asked)]
        failed = {
            road.endpoint: road.version if asked.refused else ""
            for asked in found
            if not asked.let_in and asked.reason != BEFORE
            for road in asked.device.roads
        }
        clocks = {
            road.endpoint: asked.facts.clock
            for asked in found
            if asked.facts.clock is not None
            for road in asked.device.roads
        }
        now = self._clock.wall_us()
        with pen(self._hub):
            learned = self._store.keep_enrolments(told, failed, who(), now)
            self._store.keep_clocks(clock_rows(clocks, now))
        by_camera = {one.road.camera: what for one, what in zip(told, learned, strict=True)}
        for asked in found:
            self.devices += 1
            for road in asked.device.roads:
                self._tell(road, asked, by_camera.get(road.camera))

    def _enrolments(self, asked: Asked) -> Iterator[Enrolment]:
        device = asked.facts.device
        if device is None:
            return
        maker = shipped_vendors().find(device.maker)
        own = len(asked.device.roads) == 1 and len({one.profile.source for one in asked.facts.profiles}) == 1
        identity = (device.maker, device.model, device.firmware, device.serial, device.hardware)
        for road, streams in zip(asked.device.roads, streams_of(asked), strict=True):
            same = maker is not None and road.vendor != "" and shipped_vendors().find(road.vendor) == maker
            vendor = road.vendor if same else maker.zh if maker else device.maker
            password = self._password(road) if road.credential_id else ""
            yield Enrolment(road, identity, vendor, streams, road.username, password, own)

    # --- what people see ------------------------------------------------------------------------------------------

    def _tell(self, road: OnvifRoad, asked: Asked, learned: Learned | None) -> None:
        verdict = learned.verdict if learned else _verdict(asked)
        self.verdicts[verdict] += 1
        self.added.update(learned.added if learned else ())
        said = self._said(road, asked, learned)
        if self._as_json:
            fields = _fields(road, asked, learned) | {"verdict": verdict, "zh": said.zh, "en": said.en}
            fields["until"] = rfc3339(asked.until, self._zone) if 0 < asked.until < 2**62 else None
            click.echo(json.dumps(fields, ensure_ascii=False))
            return
        click.echo(f"{road.code}  {plain(said.zh)}\n    {plain(said.en)}")

    def _said(self, road: OnvifRoad, asked: Asked, learned: Learned | None) -> Text:
        parts = [_came(asked, road, self._zone)]
        if learned is not None:
            parts += _news(learned)
            if _own(asked, road) is None:
                offered = any(one.stream for one in asked.facts.profiles)
                parts.append(text("enrol.no_streams" if offered else "enrol.no_media"))
        if asked.facts.clock is not None:
            parts.append(clock_words(asked.facts.clock))
        return Text("; ".join(part.zh for part in parts), "; ".join(part.en for part in parts))

    def summarise(self) -> None:
        """The last line, in every case."""
        counts = {name: self.verdicts[name] for name in VERDICTS}
        summary = {
            "cameras": sum(counts.values()),
            "devices": self.devices,
            **counts,
            "endpoints": dict(self.added),
        }
        if self._as_json:
            click.echo(json.dumps({"summary": summary}))
        said = text("enrol.summary", roads=sum(self.added.values()), **summary)
        click.echo(f"{said.zh}\n{said.en}", err=self._as_json)


#: What becomes of a camera in one round.
VERDICTS = ("added", "changed", "unchanged", "refused", "held", "failed")


def _verdict(asked: Asked) -> str:
    if asked.refused or asked.reason == BEFORE:
        return "refused"
    return "held" if asked.reason in (HELD, PAUSED) else "failed"


def _own(asked: Asked, road: OnvifRoad) -> object:
    return dict(zip((one.camera for one in asked.device.roads), streams_of(asked), strict=True))[road.camera]


def _came(asked: Asked, road: OnvifRoad, zone: Any) -> Text:
    """The verdict proper, in words."""
    device = asked.facts.device
    if device is not None:
        return text("enrol.told", **{name: value or "?" for name, value in asdict(device).items()})
    until = moment(asked.until, zone) if 0 < asked.until < 2**62 else "-"
    if asked.reason == HELD:
        return text(f"enrol.held_{asked.cause}", until=until)
    if asked.reason in (BEFORE, PAUSED):
        return text(f"enrol.{asked.reason}", until=until)
    if asked.reason == "auth" and not road.credential_id:
        return text("enrol.no_login")
    if asked.refused:
        return text("enrol.refused", user=road.username, status=asked.status)
    why, said = REASONS[asked.reason], text("enrol.failed", status=asked.status)
    return Text(f"{said.zh}: {why.zh}", f"{said.en}: {why.en}")


def _news(learned: Learned) -> list[Text]:
    said = []
    if learned.filled:
        said.append(text("enrol.filled", fields=", ".join(f"{k} {v}" for k, v in learned.filled.items())))
    for key, pairs in (("enrol.drift", learned.drift), ("enrol.differs", learned.differs)):
        said += [text(key, field=name, old=old or "-", new=new or "-") for name, (old, new) in pairs.items()]
    if learned.added:
        said.append(text("enrol.added", roads=", ".join(learned.added)))
    return said


def _fields(road: OnvifRoad, asked: Asked, learned: Learned | None) -> dict[str, Any]:
    device, clock = asked.facts.device, asked.facts.clock
    fields: dict[str, Any] = {
        "code": road.code,
        "address": f"{asked.device.host}:{road.port}",
        "reason": asked.reason,
        "status": asked.status,
        "cause": asked.cause,
        "identity": asdict(device) if device else None,
        "clock": clock_fields(clock) if clock else None,
    }
    news = learned or Learned(road.code)
    for name in ("filled", "differs", "drift", "added"):
        fields[name] = getattr(news, name)
    return fields


def clock_fields(clock: Clock) -> dict[str, Any]:
    """A clock in JSON; seconds."""
    offset = None if clock.offset_ms is None else clock.offset_ms / 1000
    return {"finding": clock.finding, "offset_s": offset, "hours": clock.hours}


@click.command("enrol")
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--limit", type=click.IntRange(1), help="最多询问多少个地址. At most so many device addresses.")
@click.option("--json", "as_json", is_flag=True, help="每路一个 JSON. One JSON object a camera.")
@click.pass_obj
def command(
    context: Context, codes: tuple[str, ...], area: str | None, limit: int | None, as_json: bool
) -> int:
    """ONVIF 登记: 型号, 固件, 序列号, 取流地址. Ask cameras over ONVIF what they are and offer; see docs/onvif.md."""
    store = context.open_store(keys=True)
    try:
        chosen = chosen_roads(store, codes, area)
        enroller = Enroller(context, store, as_json)
        try:
            loop.run(lambda: enroller.run(chosen, limit))
        finally:
            enroller.summarise()
    finally:
        store.close()
    return EXIT_OK
