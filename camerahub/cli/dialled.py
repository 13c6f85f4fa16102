"""`camerahub dialled`: what we dialled at one camera: the page to show when somebody blames the prober."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.cameras import parse_since
from camerahub.cli.table import moment, plain, render
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.rates import rfc3339
from camerahub.core.result import PROBE_KINDS, REASONS
from camerahub.core.stand_in import SNAPSHOT
from camerahub.core.texts import Text, text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.dialled import Dialled, DialledRoad

DEFAULT_SINCE = "7d"
Cells = list[str]


def as_lines(told: Dialled, zone: tzinfo) -> Iterator[dict[str, Any]]:
    """The answer as JSON objects: one a road, attempt, hour, login, silence and stream, then the summary."""

    def when(at: int | None) -> str | None:
        return rfc3339(at, zone) if at else None

    for road in told.roads:
        yield {
            "type": "road", "endpoint": road.endpoint, "kind": road.kind, "stream": road.stream, "road": road.road,
            "host": road.host, "port": road.port, "probed": road.probed, "retired": road.retired,
        }  # fmt: skip
    for one in told.attempts:
        info = REASONS[one.reason]
        yield {
            "type": "attempt", "at": when(one.at), "recorded_at": when(one.recorded_at), "endpoint": one.endpoint,
            "worker": one.worker, "probe": one.probe, "outcome": one.outcome, "reason": one.reason, "zh": info.zh,
            "en": info.en,
        } | ({"source": SNAPSHOT} if one.probe == SNAPSHOT else {})  # fmt: skip
    for hour in told.hours:
        yield {
            "type": "hour", "from": when(hour.at), "facet": hour.facet, "ok": hour.ok, "fault": hour.fault,
            "unknown": hour.unknown, "reason": hour.reason,
        }  # fmt: skip
    for login in told.logins:
        yield {
            "type": "login", "address": login.address, "user": login.user, "state": login.state, "tries": login.tries,
            "tried_at": when(login.tried_at), "proven_at": when(login.proven_at),
            "refused_at": when(login.refused_at), "locked_until": when(login.locked_until),
        }  # fmt: skip
    for silence in told.silences:
        yield {
            "type": "silence", "kind": silence.kind, "subject": silence.subject, "from": when(silence.from_at),
            "to": when(silence.to_at), "reason": silence.reason, "who": silence.who, "certain": silence.certain,
        }  # fmt: skip
    for seen in told.media:
        yield {
            "type": "media", "at": when(seen.at), "endpoint": seen.endpoint, "stream": seen.stream,
            "codec": seen.codec, "received": seen.received, "key_bytes": seen.key_bytes, "bit_rate": seen.bit_rate,
            "width": seen.width, "height": seen.height, "faults": list(seen.faults),
        }  # fmt: skip
    for shot in told.shots:
        yield {
            "type": "snapshot", "at": when(shot.at), "endpoint": shot.endpoint, "fresh": shot.fresh or None,
            "judged_at": when(shot.judged_at), "refused": shot.refused,
        }  # fmt: skip
    yield {"summary": summary(told, zone)}


def summary(told: Dialled, zone: tzinfo) -> dict[str, Any]:
    """Counts over the whole answer; ``log_from`` null = no attempt is told one by one."""
    return {
        "code": told.code,
        "name": told.name,
        "since": rfc3339(told.since, zone),
        "log_from": rfc3339(told.log_from, zone) if told.log_from else None,
        "attempts": len(told.attempts),
        "left_out": told.left_out,
        "outcomes": dict(Counter(one.outcome for one in told.attempts)),
        "hours": len({hour.at for hour in told.hours}),
        "logins": len(told.logins),
        "tries": sum(login.tries for login in told.logins),
    }


# --- tables for people -----------------------------------------------------------------------------------------------


def _both(said: Text) -> str:
    return f"{said.zh} {said.en}"


def _named(prefix: str, word: str) -> str:
    return _both(text(f"{prefix}_{word}"))


def _reason(word: str) -> str:
    return f"{REASONS[word].zh} {word}"


def _place(road: DialledRoad | None) -> str:
    if road is None or not road.host:
        return "-"
    host = f"[{road.host}]" if ":" in road.host else road.host
    return f"{host}:{road.port} {road.kind}/{road.stream}"


def _attempts(told: Dialled, zone: tzinfo) -> list[Cells]:
    places = {road.endpoint: _place(road) for road in told.roads}
    beside = next((road for road in told.roads if road.kind == SNAPSHOT and not road.retired), None)
    return [
        [
            moment(one.at, zone), f"{PROBE_KINDS[one.probe].zh} {one.probe}", _named("dialled.outcome", one.outcome),
            _reason(one.reason), _place(beside) if beside and one.probe == SNAPSHOT else places.get(one.endpoint, "-"),
            one.worker,
        ]
        for one in told.attempts
    ]  # fmt: skip


def _hours(told: Dialled, zone: tzinfo) -> list[Cells]:
    return [
        [
            moment(hour.at, zone)[:16], _named("dialled.facet", hour.facet), str(hour.ok), str(hour.fault),
            str(hour.unknown), _reason(hour.reason),
        ]
        for hour in told.hours
    ]  # fmt: skip


def _logins(told: Dialled, zone: tzinfo) -> list[Cells]:
    return [
        [
            login.address, login.user, _named("guard.state", login.state), str(login.tries),
            moment(login.tried_at, zone), moment(login.proven_at, zone), moment(login.refused_at, zone),
            moment(login.locked_until, zone),
        ]
        for login in told.logins
    ]  # fmt: skip


def _silences(told: Dialled, zone: tzinfo) -> list[Cells]:
    perhaps = text("dialled.perhaps")
    return [
        [
            moment(one.from_at, zone), _both(text("dialled.still")) if one.to_at is None else moment(one.to_at, zone),
            _named("dialled.silence", one.kind), one.subject, " ".join(filter(None, (one.reason, one.who))),
            "" if one.certain else _both(perhaps),
        ]
        for one in told.silences
    ]  # fmt: skip


def _media(told: Dialled, zone: tzinfo) -> list[Cells]:
    places = {road.endpoint: _place(road) for road in told.roads}
    return [
        [
            moment(seen.at, zone), places.get(seen.endpoint, "-"), seen.stream, seen.codec or "-",
            f"{seen.width}x{seen.height}" if seen.width else "-",
            f"{seen.bit_rate / 1000:.0f} kbit/s" if seen.bit_rate else "-", str(seen.key_bytes), str(seen.received),
            ", ".join(f"{REASONS[kind].zh} {kind}" for kind in seen.faults),
        ]
        for seen in told.media
    ]  # fmt: skip


def _shots(told: Dialled, zone: tzinfo) -> list[Cells]:
    return [
        [
            moment(shot.at, zone), _named("dialled.fresh", shot.fresh or "untold"), moment(shot.judged_at, zone),
            _named("dialled.login", "refused") if shot.refused else "",
        ]
        for shot in told.shots
    ]  # fmt: skip


#: Title -> (columns, those of numbers, rows); the order on the page.
SECTIONS: dict[str, tuple[Sequence[str], Sequence[int], Callable[[Dialled, tzinfo], list[Cells]]]] = {
    "attempts": (("at", "probe", "outcome", "reason", "place", "worker"), (), _attempts),
    "hours": (("hour", "facet", "ok", "fault", "unknown", "last"), (2, 3, 4), _hours),
    "logins": (
        ("address", "user", "state", "tries", "tried", "proven", "refused", "locked"), (3,), _logins,
    ),
    "silences": (("from", "to", "silence", "subject", "why", "certain"), (), _silences),
    "media": (
        ("at", "place", "stream", "codec", "size", "rate", "key_bytes", "received", "faults"), (6, 7), _media,
    ),
    "shots": (("at", "fresh", "judged", "login"), (), _shots),
}  # fmt: skip


def for_people(told: Dialled, zone: tzinfo) -> Iterator[str]:
    """Lines of the page; a part with nothing in it says so."""
    yield plain(f"{told.code}  {told.name}")
    for road in told.roads:
        yield f"  {_place(road)} {road.road}" + (
            "" if road.probed else f"  {_both(text('dialled.not_probed'))}"
        )
    for section, (columns, numbers, rows) in SECTIONS.items():
        cells = rows(told, zone)
        yield ""
        yield _both(text(f"dialled.title_{section}"))
        if not cells:
            yield f"  {_both(text('dialled.nothing'))}"
            continue
        yield from render([f"dialled.col_{name}" for name in columns], cells, numbers)


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh} / {said.en}", err=True)


def _told(context: Context, word: str, since: int) -> Dialled:
    from camerahub import plan
    from camerahub.core.uplinks import UplinkMap
    from camerahub.registry import queries
    from camerahub.registry.dialled import dialled

    settings = context.settings()
    lines = UplinkMap(plan.uplinks(settings))
    store = context.open_store()
    try:
        code = queries.camera_code(store.engine, word) or word
        told = dialled(store.engine, code, since=since, zone=settings.site.zone, uplinks=lines)
    finally:
        store.close()
    if told is None:
        raise ConfigError("dialled.no_camera", code=word)
    return told


@click.command("dialled")
@click.argument("code")
@click.option(
    "--since", default=DEFAULT_SINCE, show_default=True, help="2025-01-31, 2025-01-31T08:00, 30m, 12h, 7d."
)
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, code: str, since: str, as_json: bool) -> int:
    """拨测记录: 我们对这一路摄像机做过什么. What we dialled at the camera CODE (code or 键盘编号), newest first."""
    context: Context = ctx.find_root().obj
    zone = context.settings().site.zone
    start = parse_since(since, zone, SystemClock().wall_us())
    told = _told(context, code, start if start is not None else 0)
    if as_json:
        for line in as_lines(told, zone):
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        click.echo("\n".join(for_people(told, zone)))
    _summarise(told, zone)
    return EXIT_OK


def _summarise(told: Dialled, zone: tzinfo) -> None:
    counts = summary(told, zone)
    _say(
        "dialled.summary",
        since=moment(told.since, zone),
        attempts=counts["attempts"],
        hours=counts["hours"],
        tries=counts["tries"],
    )
    if told.log_from:
        _say("dialled.log_from", at=moment(told.log_from, zone))
    if told.left_out:
        _say("dialled.left_out", count=told.left_out)
