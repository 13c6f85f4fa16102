"""`camerahub credentials`: which logins work, which devices somebody must put right; never a password."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.table import moment, render
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.guard_rows import GuardPolicy, Login
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.core.guard import Guard
    from camerahub.registry.guards import LoginRow
    from camerahub.registry.store import Store

#: Camera codes named in one cell of a table for people.
SHOWN = 3


@dataclass(slots=True)
class Line:
    """One login as it is shown. ``since`` µs UTC; ``group`` the first digits of the fingerprint of its password."""

    number: int
    address: str
    user: str
    state: str
    since: int
    tries: int
    vendor: str
    group: str
    verdict: str
    cameras: list[str] = field(default_factory=list)

    @property
    def to_fix(self) -> bool:
        """Whether somebody must do something about it."""
        failed = self.state == "held" and self.verdict == "failed"
        return failed or self.state in ("refused", "locked")

    def as_json(self, zone: tzinfo) -> dict[str, Any]:
        """The line of ``--json``."""
        return {
            "address": self.address,
            "user": self.user,
            "state": self.state,
            "since": rfc3339(self.since, zone) if self.since else None,
            "tries": self.tries,
            "vendor": self.vendor,
            "group": self.group,
            "verdict": self.verdict,
            "cameras": self.cameras,
        }


def remembered(store: Store, area: str | None, policy: GuardPolicy | None = None) -> tuple[Guard, list[Line]]:
    """The guard as stored, and the logins of an area (None: all), by address and user."""
    from camerahub.core.address import device_address
    from camerahub.core.guard import Guard
    from camerahub.core.guard_rows import Live
    from camerahub.registry import guards

    rows = guards.login_rows(store.engine)
    keys, brake, _ = guards.stored(store.engine)
    guard = Guard(policy)
    guard.breaker.restore(brake)
    trying = {key.number for key in keys if key.permit}
    guard.load(keys, SystemClock().wall_us(), clean=True)
    numbers = {(key.address, key.version): key.number for key in keys}
    users: dict[int, list[LoginRow]] = defaultdict(list)
    for row in rows:
        if (number := numbers.get((device_address(row.host), row.version))) is not None:
            users[number].append(row)
    guard.watch((Live(n) for n in users), SystemClock().wall_us())
    wanted = within(store, area)
    lines = [
        _line(guard, number, mine, number in trying)
        for number, mine in users.items()
        if wanted is None or any(row.endpoint in wanted for row in mine)
    ]
    return guard, sorted(lines, key=lambda line: (line.address, line.user, line.number))


def within(store: Store, area: str | None) -> set[int] | None:
    """Endpoints of an area; None for all. ConfigError for an area nobody knows."""
    from camerahub.registry import pauses, queries

    if area is None:
        return None
    if area not in queries.area_codes(store.engine):
        raise ConfigError("web.no_area", area=area)
    return set(pauses.endpoints_of(store.engine, "area", area))


def _line(guard: Guard, number: int, rows: Sequence[LoginRow], trying: bool) -> Line:
    key = guard.keys[number]
    state = Login.TRYING if trying else guard.standing_of(number)
    times = {Login.PROVEN: key.proven_at, Login.REFUSED: key.refused_at, Login.LOCKED: key.refused_at}
    return Line(
        number,
        key.address,
        key.user,
        state.name.lower(),
        times.get(state, 0) or key.suspect_at or key.known_at,
        key.tries,
        next((row.vendor for row in rows if row.vendor), ""),
        key.version[:8],
        guard.verdict(key.version),
        sorted({row.camera_code for row in rows}),
    )


def _both(key: str) -> str:
    said = text(key)
    return f"{said.zh} {said.en}"


def _cells(line: Line, zone: tzinfo) -> list[str]:
    codes = ", ".join(line.cameras[:SHOWN]) + (
        f" +{len(line.cameras) - SHOWN}" if line.cameras[SHOWN:] else ""
    )
    state, verdict = _both(f"guard.state_{line.state}"), _both(f"guard.group_{line.verdict}")
    since = moment(line.since, zone)
    return [
        line.address,
        line.user,
        state,
        since,
        str(line.tries),
        line.vendor,
        f"{line.group} {verdict}",
        codes,
    ]


_COLUMNS = ("address", "user", "state", "since", "tries", "vendor", "group", "cameras")


def _table(lines: Sequence[Line], zone: tzinfo) -> None:
    click.echo(
        "\n".join(render([f"guard.col_{name}" for name in _COLUMNS], [_cells(one, zone) for one in lines]))
    )


def group_rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """One row a password group: group, user, verdict, devices, proven, refused, left."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for line in lines:
        groups[line.group, line.user, line.verdict].append(line.state)
    return [
        {
            "group": group,
            "user": user,
            "verdict": verdict,
            "devices": len(states),
            "proven": states.count("proven"),
            "refused": states.count("refused") + states.count("locked"),
            "left": sum(state in ("untried", "held", "trying") for state in states),
        }
        for (group, user, verdict), states in sorted(groups.items())
    ]


def _group_table(lines: Iterable[Line]) -> None:
    cells = [
        [f"{row['group']} {_both('guard.group_' + row['verdict'])}", row["user"]]
        + [str(row[name]) for name in ("devices", "proven", "refused", "left")]
        for row in group_rows(lines)
    ]
    names = ("group", "user", "devices", "proven", "refused", "left")
    click.echo("\n".join(render([f"guard.col_{name}" for name in names], cells, right=(2, 3, 4, 5))))


def show(context: Context, area: str | None, as_lines: bool, only_to_fix: bool) -> int:
    """Print what is known; ``only_to_fix``: the devices somebody must put right, and each group's verdict."""
    from camerahub.plan import guard_policy

    store, zone = context.open_store(), context.settings().site.zone
    try:
        guard, lines = remembered(store, area, guard_policy(context.settings()))
    finally:
        store.close()
    shown = [line for line in lines if line.to_fix] if only_to_fix else lines
    states = [line.state for line in lines]
    figures = {name: states.count(name) for name in (login.name.lower() for login in Login)}
    if as_lines:
        for line in shown:
            click.echo(json.dumps(line.as_json(zone), ensure_ascii=False))
        brake = guard.breaker.state.name.lower()
        summary = {"total": len(lines), **figures, "breaker": brake, "groups": group_rows(lines)}
        click.echo(json.dumps({"summary": summary}, ensure_ascii=False))
        return EXIT_OK
    if only_to_fix:
        click.echo(_both("guard.fix_title"))
    _table(shown, zone)
    click.echo(f"\n{_both('guard.groups_title')}")
    _group_table(lines)
    if guard.breaker.state:
        click.echo(_both("guard.breaker_open"), err=True)
    left = sum(figures[name] for name in ("untried", "held", "trying"))
    said = text("guard.summary", total=len(lines), left=left, **figures)
    click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK


def _waiting(busy: int, told: list[int]) -> None:
    if busy and busy not in told[-1:]:
        said = text("guard.waiting", busy=busy)
        click.echo(f"{said.zh} / {said.en}", err=True)
    told.append(busy)


def _ask_hub(context: Context, endpoints: list[int] | None) -> None:
    from camerahub.cli.line import line_to_hub

    told: list[int] = []
    with line_to_hub(context.home_folder()) as line:
        answer = line.ask(do="credentials", endpoints=endpoints)
        while answer["busy"]:
            _waiting(answer["busy"], told)
            answer = line.hear()


@click.group("credentials")
def command() -> None:
    """登录核对: 哪些密码有效, 哪些设备要去核对. Which logins work, which devices to put right. Shows no password."""


@command.command("list")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def list_(ctx: click.Context, area: str | None, as_lines: bool) -> int:
    """登录清单. Every login: its device, its standing, its password group."""
    return show(ctx.find_root().obj, area, as_lines, only_to_fix=False)


@command.command("check")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def check(ctx: click.Context, area: str | None, as_lines: bool) -> int:
    """现在逐台试登录, 列出要核对的设备. Try logins now, one by one; then the table of devices to put right."""
    from camerahub.cli.credentials_alone import check_alone

    context: Context = ctx.find_root().obj
    if context.home_folder().hub_pid() is None:
        told: list[int] = []
        check_alone(context, lambda store: within(store, area), lambda busy: _waiting(busy, told))
    else:
        store = context.open_store()
        try:
            wanted = within(store, area)
        finally:
            store.close()
        _ask_hub(context, None if wanted is None else sorted(wanted))
    return show(context, area, as_lines, only_to_fix=True)
