"""`camerahub pause` and `resume`: the emergency brake for an area, a maker, a platform or everything."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

import click

from camerahub.cli.table import moment
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context


def who() -> str:
    """The user of this machine, as far as it tells."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def scope_of(
    context: Context, area: str | None, vendor: str | None, platform: str | None, everything: bool
) -> tuple[str, str]:
    """(scope, value) of the options. ConfigError unless exactly one is given and the register knows it."""
    from camerahub.registry import pauses

    named = [
        (name, value) for name, value in (("area", area), ("vendor", vendor), ("platform", platform)) if value
    ]
    chosen = [*named, *([("all", "")] if everything else [])]
    if len(chosen) != 1:
        raise ConfigError("guard.scope_one")
    scope, value = chosen[0]
    store = context.open_store()
    try:
        if not pauses.known(store.engine, scope, value):
            raise ConfigError("guard.scope_unknown", scope=scope, value=value)
    finally:
        store.close()
    return scope, value


def brake(context: Context, scope: str, value: str, reason: str, paused: bool) -> int:
    """Tell the hub that runs, or write it down for the one that will. As ``Hub.brake``."""
    from camerahub.cli.line import line_to_hub
    from camerahub.registry import pauses

    home = context.home_folder()
    if home.hub_pid() is not None:
        with line_to_hub(home) as line:
            asked = {"scope": scope, "value": value, "who": who(), "reason": reason}
            return int(line.ask(do="pause" if paused else "resume", **asked)["changed"])
    now = SystemClock().wall_us()
    with context.writing_store() as store:
        done = (
            int(store.pause(scope, value, who(), reason, now))
            if paused
            else store.resume(scope, value, who(), now)
        )
        found = len(pauses.endpoints_of(store.engine, scope, value))
    return found if done else (-1 if paused else 0)


def say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh}\n{said.en}")


def still(context: Context) -> None:
    from camerahub.registry import pauses

    store, zone = context.open_store(), context.settings().site.zone
    try:
        for one in pauses.lasting(store.engine):
            since = moment(one.from_at, zone)
            say(
                "guard.still_paused",
                scope=one.scope,
                value=one.value,
                since=since,
                who=one.who,
                reason=one.reason,
            )
    finally:
        store.close()


@click.command("pause")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--vendor", metavar="NAME", help="厂家. Maker.")
@click.option(
    "--platform",
    metavar="CODE",
    help="平台或设备编码, 含下挂. Platform or device, with all that hangs on it.",
)
@click.option("--all", "everything", is_flag=True, help="全部. Everything.")
@click.option("--reason", default="", help="原因, 记入变更. Why; kept with the change.")
@click.pass_context
def command(
    ctx: click.Context,
    area: str | None,
    vendor: str | None,
    platform: str | None,
    everything: bool,
    reason: str,
) -> int:
    """暂停探测, 重启后仍有效. Dial nobody in this scope until `resume`; a restart does not end it."""
    context: Context = ctx.find_root().obj
    scope, value = scope_of(context, area, vendor, platform, everything)
    endpoints = brake(context, scope, value, reason, paused=True)
    say(
        "guard.paused_before" if endpoints < 0 else "guard.paused",
        endpoints=endpoints,
        scope=scope,
        value=value,
    )
    return EXIT_OK
