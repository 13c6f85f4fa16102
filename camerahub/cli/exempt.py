"""`camerahub exempt`: 报备, asked for by one, decided by another, for cameras, an area, a device or a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog

from camerahub.cli.attachments import keep
from camerahub.cli.leaving import alarms, said_of
from camerahub.cli.pause import who
from camerahub.cli.table import moment, render
from camerahub.core import period
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.exemptions import MOST_CAMERAS, REASONS, SCOPES, STANDINGS, Exemption
from camerahub.core.leaving import EXEMPT
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context

_log = structlog.get_logger()
_HEADERS = (
    "id",
    "scope",
    "value",
    "from",
    "to",
    "reason",
    "standing",
    "applicant",
    "approver",
    "attachment",
    "note",
)
_WANTED = "2026-11-05 或 (or) 2026-11-05T08:00"
_LIST_BYTES = 4 << 20


def _instant(option: str, word: str, zone: tzinfo) -> int:
    try:
        return period.instant(word, zone)
    except (ValueError, OverflowError):
        raise ConfigError("figures.bad_time", option=option, value=word, wanted=_WANTED) from None


def _codes(path: Path) -> list[str]:
    """One code a line, in any encoding people save; what follows a comma or a tab is left alone."""
    try:
        if not path.is_file():
            raise ConfigError("exempt.bad_list", file=path, problem=text("exempt.attachment_kind").zh)
        with path.open("rb") as file:
            data = file.read(_LIST_BYTES + 1)
    except OSError as error:
        raise ConfigError("exempt.bad_list", file=path, problem=error.strerror) from error
    if len(data) > _LIST_BYTES:
        raise ConfigError("exempt.too_many", most=MOST_CAMERAS)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            lines = data.decode(encoding).splitlines()
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ConfigError("exempt.bad_list", file=path, problem="UTF-8, GBK?")
    cells = [line.replace("\t", ",").split(",")[0].strip().strip("'\"") for line in lines]
    return [cell for cell in cells if cell and not cell.startswith("#")]


def _scope(
    cameras: tuple[str, ...],
    cameras_file: Path | None,
    area: str | None,
    device: str | None,
    network: str | None,
) -> tuple[str, tuple[str, ...]]:
    listed = [*cameras, *(_codes(cameras_file) if cameras_file else [])]
    named: list[tuple[str, tuple[str, ...]]] = [("camera", tuple(listed))] if listed else []
    for scope, value in (("area", area), ("device", device), ("network", network)):
        if value:
            named.append((scope, (value,)))
    if len(named) != 1:
        raise ConfigError("exempt.one_scope")
    return named[0]


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh}\n{said.en}")


@click.group("exempt")
def command() -> None:
    """报备: 申请、审批、终止、查询. Exemptions: asked for, decided by another person, ended, listed."""


@command.command("request")
@click.option(
    "--camera", "cameras", multiple=True, metavar="CODE", help="一路, 可多次. A camera; may be repeated."
)
@click.option(
    "--cameras",
    "cameras_file",
    type=click.Path(path_type=Path),
    help="清单文件, 每行一个编码. A file with a code a line.",
)
@click.option("--area", metavar="CODE", help="区划, 含下级. Area with all below it.")
@click.option("--device", metavar="CODE", help="设备或平台, 含下挂. Device with all that hangs on it.")
@click.option("--network", metavar="NAME", help="网络. Network.")
@click.option("--from", "start", required=True, metavar="TIME", help="起. 2026-11-05, 2026-11-05T08:00.")
@click.option("--to", "end", required=True, metavar="TIME", help="止 (不含). The instant after the last.")
@click.option("--reason", type=click.Choice(tuple(REASONS)), required=True, help="原因类别. Why.")
@click.option("--note", default="", help="说明. A note.")
@click.option(
    "--applicant", metavar="NAME", help="申请人, 默认为登录用户. Who asks; else the user of this machine."
)
@click.option("--attachment", type=click.Path(path_type=Path), help="附件: 公告、照片. A notice, a photo.")
@click.pass_context
def request(ctx: click.Context, /, start: str, end: str, attachment: Path | None, **words: Any) -> int:
    """申请报备. Ask for an exemption; it counts once somebody else has approved it."""
    from camerahub.registry.exemptions import Request

    context: Context = ctx.find_root().obj
    zone = context.settings().site.zone
    scope, values = _scope(
        *(words[name] for name in ("cameras", "cameras_file", "area", "device", "network"))
    )
    window = _instant("--from", start, zone), _instant("--to", end, zone)
    kept = keep(context.home_folder().path, attachment) if attachment else None
    applicant = words["applicant"] if words["applicant"] is not None else who()
    asked = Request(scope, values, *window, words["reason"], words["note"], applicant, kept)
    with context.writing_store() as store:
        number, listed = store.request_exemption(asked, SystemClock().wall_us())
    told = text("exempt.cameras_listed", count=listed) if listed else text("exempt.cameras_belonging")
    _say("exempt.requested", id=number, cameras=f"{told.zh} {told.en}")
    return EXIT_OK


def _decision(name: str, approve: bool, words: str) -> Callable[..., Any]:
    @command.command(name, help=words)
    @click.argument("numbers", type=click.IntRange(1), nargs=-1, required=True, metavar="ID…")
    @click.option("--approver", metavar="NAME", help="审批人, 默认为登录用户. Who decides.")
    @click.option("--note", default="", help="意见. A note.")
    @click.pass_context
    def decide(ctx: click.Context, numbers: tuple[int, ...], approver: str | None, note: str) -> int:
        context: Context = ctx.find_root().obj
        zone, now = context.settings().site.zone, SystemClock().wall_us()
        name = approver if approver is not None else who()
        with context.writing_store() as store:
            done = store.decide_exemptions(numbers, name, note, now, approve=approve)
            alarmed = alarms(store, context.settings(), now) if approve else []
        for one in done:
            span = {"start": moment(one.from_at, zone), "end": moment(one.until, zone)}
            _say("exempt.approved" if approve else "exempt.rejected", id=one.id, **span)
        for alarm in alarmed:
            if alarm.way == EXEMPT:
                _log.warning("cameras_exempted", count=alarm.count, of=alarm.of)
                click.echo("\n".join(said_of(alarm, context.settings())), err=True)
        return EXIT_OK

    return decide


approve = _decision("approve", True, "批准. Approve requests of somebody else, all or none.")
reject = _decision("reject", False, "驳回. Reject requests of somebody else, all or none.")


@command.command("expire")
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.option("--note", default="", help="说明. A note.")
@click.pass_context
def expire(ctx: click.Context, number: int, note: str) -> int:
    """提前终止, 或撤回申请. End a window now, or take a request back; what has passed stays as it was."""
    context: Context = ctx.find_root().obj
    with context.writing_store() as store:
        store.end_exemption(number, who(), note, SystemClock().wall_us())
    _say("exempt.ended", id=number)
    return EXIT_OK


def as_json(one: Exemption, codes: list[str], zone: tzinfo, now: int) -> dict[str, object]:
    """One object a line; ``cameras`` the codes it lists."""

    def when(at: int | None) -> str | None:
        return rfc3339(at, zone) if at else None

    return {
        "id": one.id, "scope": one.scope, "value": one.value, "from": when(one.from_at), "to": when(one.to_at),
        "until": when(one.until), "reason": one.reason, "note": one.note, "standing": one.standing(now),
        "applicant": one.applicant, "applied_at": when(one.applied_at), "backdated": one.backdated,
        "approver": one.approver, "approved_at": when(one.approved_at), "rejected_at": when(one.rejected_at),
        "revoked_at": when(one.revoked_at), "revoked_by": one.revoked_by, "attachment": one.attachment,
        "attachment_sha256": one.attachment_sha256, "cameras": codes,
    }  # fmt: skip


def _cells(one: Exemption, zone: tzinfo, now: int) -> list[str]:
    def both(words: tuple[str, str]) -> str:
        return f"{words[0]} {words[1]}"

    notes = [text("exempt.backdated").zh] * one.backdated + [one.note] * bool(one.note)
    return [
        str(one.id), both(SCOPES[one.scope]), one.value, moment(one.from_at, zone), moment(one.until, zone),
        both(REASONS.get(one.reason, (one.reason, ""))), both(STANDINGS[one.standing(now)]), one.applicant,
        one.approver or "-", one.attachment or "-", "; ".join(notes),
    ]  # fmt: skip


@command.command("list")
@click.option("--from", "start", metavar="TIME", help="时段与此后有重叠. Windows that end after it.")
@click.option("--to", "end", metavar="TIME", help="时段与此前有重叠. Windows that begin before it.")
@click.option("--standing", type=click.Choice(tuple(STANDINGS)), help="状态. How they stand now.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def list_(
    ctx: click.Context, start: str | None, end: str | None, standing: str | None, as_lines: bool
) -> int:
    """报备清单: 谁申请, 谁批准, 何时, 为何. Who asked, who approved, when and why."""
    from camerahub.registry import exemptions

    context: Context = ctx.find_root().obj
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    span = {
        "start": _instant("--from", start, zone) if start else None,
        "end": _instant("--to", end, zone) if end else None,
    }
    store = context.open_store()
    try:
        found = exemptions.listed(store.engine, **span)
        found = [one for one in found if standing in (None, one.standing(now))]
        codes = {one.id: exemptions.codes_of(store.engine, one.id) for one in found} if as_lines else {}
    finally:
        store.close()
    if as_lines:
        for one in found:
            click.echo(json.dumps(as_json(one, codes[one.id], zone, now), ensure_ascii=False))
    else:
        rows = [_cells(one, zone, now) for one in found]
        click.echo("\n".join(render([f"exempt.col_{name}" for name in _HEADERS], rows, right=(0,))))
    stands = [one.standing(now) for one in found]
    counts = {"active": stands.count("active"), "waiting": stands.count("requested")}
    said = text("exempt.summary", count=len(found), **counts)
    click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK
