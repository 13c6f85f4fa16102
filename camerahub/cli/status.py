"""`camerahub status`: the register and its hub at a glance."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.leaving import alarms, said_of
from camerahub.cli.rates import counted
from camerahub.cli.table import moment, pad, width
from camerahub.core.errors import EXIT_OK
from camerahub.core.leaving import EXEMPT, STOPPED
from camerahub.core.rates import Parts, rfc3339
from camerahub.core.result import Facet
from camerahub.core.texts import Text, text
from camerahub.core.uplinks import UPLINK_SCOPE
from camerahub.core.weather import WEATHER_SCOPE
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context


def _figures(context: Context) -> dict[str, Any]:
    from camerahub.registry import exemptions, queries, runs
    from camerahub.registry.census import census

    store = context.open_store()
    try:
        told = queries.status(store.engine)
        facets = {
            facet.name.lower(): counted(census(store.engine, facet), None, None).get("", Parts())
            for facet in Facet
        }
        parts = facets["online"]
        now = SystemClock().wall_us()
        settings = context.settings()
        left = {one.way: said_of(one, settings)._asdict() for one in alarms(store, settings, now)}
        waiting = exemptions.waiting(store.engine, now)
        published = runs.newest(store.engine, 1)
    finally:
        store.close()
    pid = context.home_folder().hub_pid()
    return {
        "cameras": told.cameras,
        "expected": parts.expected,
        "areas": told.areas,
        "endpoints": told.endpoints,
        "probed": told.probed,
        "up": parts.up,
        "down": parts.down,
        "unknown": parts.unknown,
        "facets": {
            name: {"up": one.up, "down": one.down, "unknown": one.unknown} for name, one in facets.items()
        },
        "hub_pid": pid,
        "last_commit": told.last_commit,
        "last_alive": told.last_alive,
        "log_results": told.log_results,
        "open_gaps": told.open_gaps,
        "blind": [
            {
                "worker": gap.worker,
                "uplink": gap.scope.removeprefix(UPLINK_SCOPE),
                "reason": gap.reason,
                "from": gap.from_at,
            }
            for gap in told.blind
        ],
        "exemptions_waiting": waiting,
        "stopped_alarm": left.get(STOPPED),
        "exempt_alarm": left.get(EXEMPT),
        "last_published": published[0].recorded_at if published else 0,
        "weather": [
            {"township": gap.scope.removeprefix(WEATHER_SCOPE), "from": gap.from_at} for gap in told.weather
        ],
        "database_bytes": told.database_bytes,
        "schema": told.schema,
    }


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 100_000 else f"{number} B"


def _lines(told: dict[str, Any], zone: tzinfo) -> list[tuple[Text, str]]:
    running = text("web.yes" if told["hub_pid"] else "web.no")
    states = f"{told['up']} / {told['down']} / {told['unknown']}"
    pid = f" (pid {told['hub_pid']})" if told["hub_pid"] else ""
    return [
        (text("web.status_cameras"), str(told["cameras"])),
        (text("web.status_expected"), str(told["expected"])),
        (text("web.status_states"), states),
        *(
            (text(f"web.status_{name}"), " / ".join(map(str, told["facets"][name].values())))
            for name in ("media", "lit", "picture")
        ),
        (text("web.status_endpoints"), f"{told['probed']} / {told['endpoints']}"),
        (text("web.status_areas"), str(told["areas"])),
        (text("web.status_running"), f"{running.zh} {running.en}{pid}"),
        (text("web.status_commit"), moment(told["last_commit"], zone)),
        (text("web.status_alive"), moment(told["last_alive"], zone)),
        (text("web.status_gaps"), str(told["open_gaps"])),
        *((text("web.status_blind"), _blind(one, zone)) for one in told["blind"]),
        *_figure_lines(told, zone),
        *(
            (text("web.status_weather"), f"{one['township']} {moment(one['from'], zone)}")
            for one in told["weather"]
        ),
        (text("web.status_log"), str(told["log_results"])),
        (text("web.status_size"), f"{_size(told['database_bytes'])}, {told['schema']}"),
    ]


def _figure_lines(told: dict[str, Any], zone: tzinfo) -> list[tuple[Text, str]]:
    lines = [(text("exempt.status_waiting"), str(told["exemptions_waiting"]))]
    alarmed = {way: told[f"{way}_alarm"] for way in (STOPPED, EXEMPT)}
    lines += [
        (text(f"exempt.status_{way}"), " / ".join(said.values())) for way, said in alarmed.items() if said
    ]
    return [*lines, (text("figures.status_published"), moment(told["last_published"], zone))]


def _blind(gap: dict[str, Any], zone: tzinfo) -> str:
    return f"{gap['worker']} {gap['uplink']} {gap['reason']} {moment(gap['from'], zone)}"


def _as_json(told: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    times = {
        name: rfc3339(told[name], zone) if told[name] else None
        for name in ("last_commit", "last_alive", "last_published")
    }
    blind, weather = (
        [{**gap, "from": rfc3339(gap["from"], zone)} for gap in told[name]] for name in ("blind", "weather")
    )
    return {**told, **times, "blind": blind, "weather": weather, "hub_running": told["hub_pid"] is not None}


@click.command("status")
@click.option("--json", "as_lines", is_flag=True, help="一个 JSON. One JSON object.")
@click.pass_context
def command(ctx: click.Context, as_lines: bool) -> int:
    """登记表与中心的概况. The register and its hub at a glance."""
    context: Context = ctx.find_root().obj
    zone = context.settings().site.zone
    told = _figures(context)
    if as_lines:
        click.echo(json.dumps(_as_json(told, zone), ensure_ascii=False))
        return EXIT_OK
    lines = _lines(told, zone)
    labels = [f"{label.zh} {label.en}" for label, _ in lines]
    cells = max(map(width, labels))
    for label, (_, value) in zip(labels, lines, strict=True):
        click.echo(f"{pad(label, cells)}  {value}")
    return EXIT_OK
