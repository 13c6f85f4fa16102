"""`camerahub clocks`: asks every ONVIF camera for its time, without a login, and lists the clocks that are wrong."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.enrol import chosen_roads, clock_fields, clock_rows
from camerahub.cli.enrol_desk import left_alone, pen
from camerahub.cli.enrol_round import Device, devices, target_of
from camerahub.cli.probe_onvif import clock_words
from camerahub.cli.table import render
from camerahub.core.errors import EXIT_OK
from camerahub.core.result import REASONS, ProbeResult
from camerahub.core.texts import text
from camerahub.names import resolve
from camerahub.probes.table import Prober
from camerahub.registry import pauses, queries
from camerahub.registry.onvif import OnvifRoad
from camerahub.services import loop
from camerahub.services.clock import SystemClock
from camerahub.wire.onvif_clock import Clock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.store import Store

DEADLINE_S = 3.0
#: Devices asked at once; a part is kept from the hub's probers while it is asked.
AT_ONCE, PART = 64, 1000
PACE_S = 0.005
_COLUMNS = ("code", "name", "address", "offset", "verdict")
Found = list[tuple[OnvifRoad, str, Clock | None]]


class ClockRound:
    """One round: each address one question at a time, each device once for all its cameras."""

    def __init__(self, store: Store, context: Context) -> None:
        self._store, self._home = store, context.home_folder()
        self._hub = self._home if self._home.hub_pid() is not None else None
        self.found: Found = []

    async def run(self, chosen: list[OnvifRoad]) -> None:
        """Ask, and keep what was told."""
        rows = queries.targets(self._store.engine)
        hosts = await resolve({road.host for road in chosen} | {row.host for row in rows})
        paused = pauses.paused_cameras(self._store.engine)
        groups = devices([road for road in chosen if road.camera not in paused], hosts)
        beside: dict[str, list[int]] = {}
        for row in rows:
            beside.setdefault(hosts[row.host], []).append(row.endpoint)
        prober = Prober(asyncio.get_running_loop())
        with ExitStack() as stack:
            if self._hub is None:
                stack.enter_context(self._home.lock())
            try:
                for start in range(0, len(groups), PART):
                    part = groups[start : start + PART]
                    held = [endpoint for group in part for endpoint in beside.get(group[0].host, [])]
                    with left_alone(self._hub, held):
                        await self._ask(prober, part)
            finally:
                await prober.aclose()
            self._keep()

    async def _ask(self, prober: Prober, groups: list[list[Device]]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def in_turn(number: int, group: list[Device]) -> None:
            await asyncio.sleep(number * PACE_S)
            async with gate:
                for device in group:
                    reason, clock = await _told(prober, device)
                    self.found += [(road, reason, clock) for road in device.roads]

        await asyncio.gather(*(in_turn(number, group) for number, group in enumerate(groups)))

    def _keep(self) -> None:
        clocks = {road.endpoint: clock for road, _, clock in self.found if clock is not None}
        if clocks:
            with pen(self._hub):
                self._store.keep_clocks(clock_rows(clocks, SystemClock().wall_us()))


async def _told(prober: Prober, device: Device) -> tuple[str, Clock | None]:
    done: asyncio.Future[tuple[str, Clock | None]] = asyncio.get_running_loop().create_future()

    def ended(result: ProbeResult, facts: object) -> None:
        if not done.done():  # who waited may have been cancelled
            done.set_result((result.reason, facts if isinstance(facts, Clock) else None))

    prober.learn(target_of(device), "onvif_time", DEADLINE_S, ended)
    return await done


def _size(one: tuple[OnvifRoad, str, Clock | None]) -> tuple[int, str]:
    road, _, clock = one
    return -abs(clock.offset_ms or 0) if clock else 1, road.code


def show(found: Found, as_json: bool) -> None:
    """The furthest off first; for people only those that are wrong. Then the summary."""
    found = sorted(found, key=_size)
    counts: Counter[str] = Counter(clock.finding if clock else "unanswered" for _, _, clock in found)
    names = ("right", "off", "zone", "reset", "untold", "unanswered")
    summary = {"cameras": len(found), **{name: counts[name] for name in names}}
    wrong = [one for one in found if one[2] is not None and one[2].finding != "right"]
    if as_json:
        for one in found:
            click.echo(json.dumps(_line(*one), ensure_ascii=False))
        click.echo(json.dumps({"summary": summary}))
    elif wrong:
        cells = [_cells(road, clock) for road, _, clock in wrong if clock is not None]
        click.echo("\n".join(render([f"clocks.col_{name}" for name in _COLUMNS], cells, right=(3,))))
    said = text("clocks.summary", **summary)
    click.echo(f"{said.zh}\n{said.en}", err=as_json)


def _cells(road: OnvifRoad, clock: Clock) -> list[str]:
    words = clock_words(clock)
    offset = "-" if clock.offset_ms is None else f"{clock.offset_ms / 1000:+.1f}"
    return [road.code, road.name, f"{road.host}:{road.port}", offset, f"{words.zh} / {words.en}"]


def _line(road: OnvifRoad, reason: str, clock: Clock | None) -> dict[str, Any]:
    words = clock_words(clock) if clock else REASONS[reason]
    told = clock_fields(clock) if clock else {"finding": None, "offset_s": None, "hours": 0}
    address = f"{road.host}:{road.port}"
    fields = {"code": road.code, "area_code": road.area_code, "address": address, "reason": reason}
    return fields | told | {"zh": words.zh, "en": words.en}


@click.command("clocks")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--json", "as_json", is_flag=True, help="每路一个 JSON. One JSON object a camera.")
@click.pass_obj
def command(context: Context, area: str | None, as_json: bool) -> int:
    """时钟核对 (不需登录): 偏差, 时区错误, 复位. Ask ONVIF cameras for their time now; which clocks are wrong."""
    store = context.open_store()
    try:
        one = ClockRound(store, context)
        chosen = chosen_roads(store, (), area)
        loop.run(lambda: one.run(chosen))
    finally:
        store.close()
    show(one.found, as_json)
    return EXIT_OK
