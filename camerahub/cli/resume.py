"""`camerahub resume`: ends what `pause` began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from camerahub.cli.pause import brake, say, scope_of, still
from camerahub.core.errors import EXIT_OK

if TYPE_CHECKING:
    from camerahub.cli.context import Context


@click.command("resume")
@click.option("--area", metavar="CODE", help="区划代码. Area code.")
@click.option("--vendor", metavar="NAME", help="厂家. Maker.")
@click.option("--platform", metavar="CODE", help="平台或设备编码. Platform or device.")
@click.option("--all", "everything", is_flag=True, help="结束全部暂停. Ends every pause.")
@click.pass_context
def command(
    ctx: click.Context, area: str | None, vendor: str | None, platform: str | None, everything: bool
) -> int:
    """恢复探测. Ends the pause of this scope; `--all` ends every pause."""
    context: Context = ctx.find_root().obj
    scope, value = scope_of(context, area, vendor, platform, everything)
    endpoints = brake(context, scope, value, "", paused=False)
    key = "guard.resumed" if endpoints else "guard.resumed_none"
    say(key, endpoints=endpoints, scope=scope, value=value)
    still(context)
    return EXIT_OK
