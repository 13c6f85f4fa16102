"""The command line: a lazy table of commands, logs, and exit codes.

Commands are imported when they are called: a sweep must not pay for the database.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from camerahub import __version__
from camerahub.cli.context import Context
from camerahub.core.errors import (
    EXIT_BUG,
    EXIT_ENVIRONMENT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    CamerahubError,
)
from camerahub.core.texts import text

#: name -> (module under camerahub.cli, short help). A new command is one file and one line.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "虚拟县演示 / a virtual county, watched by a real hub"),
    "init": ("init", "建立工作目录 / create the home folder"),
    "check-config": ("check_config", "检查配置 / check the configuration"),
    "migrate": ("migrate", "升级数据库结构 / bring the schema up to date"),
    "doctor": ("doctor", "体检 / is this machine fit, and what is to be done"),
    "backup": ("backup", "备份 / the register in one checked file, the key apart"),
    "restore": ("restore", "恢复 / a home folder from a backup"),
    "prune": ("prune", "清理过期数据 / sizes, and what may go"),
    "import-areas": ("import_areas", "导入行政区划 / import area codes"),
    "import": ("import_", "导入摄像机表格 / import a table of cameras"),
    "export": ("export", "导出摄像机表格 / export the register"),
    "probe": ("probe", "检测一路 / climb the stages at one camera"),
    "discover": ("discover", "发现摄像机 / ask a subnet for ONVIF cameras"),
    "enrol": ("enrol", "ONVIF 登记 / what cameras are and offer, kept in the register"),
    "clocks": ("clocks", "时钟核对 / which cameras' clocks are wrong"),
    "sweep": ("sweep", "检测一遍 / one round over the register or a file"),
    "run": ("run", "中心进程 / the hub"),
    "cameras": ("cameras", "摄像机清单 / the list behind every number"),
    "diagnose": ("diagnose", "画面诊断 / judge pictures and clips; no home needed"),
    "dialled": ("dialled", "拨测记录 / what we dialled at one camera"),
    "rates": ("rates", "在线率 / figures with all their parts"),
    "publish": ("publish", "发布 / publish the figures that are due"),
    "report": (
        "report",
        "日报、月报、自查清单 / daily and monthly reports, and the list before a sampling day",
    ),
    "exempt": ("exempt", "报备 / exemptions, asked for by one and approved by another"),
    "looks": ("looks", "检测次数 / how often the cameras of a day were looked at"),
    "members": ("members", "应检变动 / who entered or left the denominator, by whom"),
    "claims": ("claims", "他方状态清单 / what platforms and upper levels say of cameras"),
    "differences": ("differences", "比对 / what others say beside what we saw"),
    "status": ("status", "运行状态 / the register and its hub"),
    "mask": ("mask", "画面遮罩 / parts of a picture not judged, or private"),
    "false-alarm": ("false_alarm", "误报 / trust a kind of fault less at a camera"),
    "evidence": ("evidence", "故障证据图 / pictures that prove a fault; every look is logged"),
    "credentials": ("credentials", "登录核对 / which logins work, which devices to put right"),
    "pause": ("pause", "暂停探测 / emergency brake: dial nobody in a scope"),
    "resume": ("resume", "恢复探测 / end a pause"),
    "farm": ("farm", "虚拟摄像机 / virtual cameras"),
    "prober": ("prober", "探测进程 / a prober process"),
}
HIDDEN = {"farm", "prober"}
#: Of an error without a file name: standard output could not take it.
_NO_OUTPUT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class ReaderGone(Exception):
    """Who reads our output has read enough; as a BrokenPipeError click would make exit code 1 of it."""


class LazyGroup(click.Group):
    """A click group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in HIDDEN]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone: nothing is imported to print a help page."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"camerahub.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As click does it; help may have no reader."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError:
            raise ReaderGone from None

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; an answer may have no reader."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None


@click.group(cls=LazyGroup)
@click.version_option(__version__)
@click.option("--home", type=click.Path(file_okay=False), envvar="CAMERAHUB_HOME")
@click.pass_context
def root(ctx: click.Context, home: str | None) -> None:
    """camerahub: 摄像机在不在线, 数字站不站得住. Do the cameras work, and can the figure be proved?"""
    ctx.obj = Context(home=Path(home) if home else None)


def main(argv: list[str] | None = None) -> None:
    """Run one command and leave with the exit code of the contract."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Exit code of one command line; every expected error is one clear sentence on stderr."""
    try:
        result: Any = root.main(args=argv, prog_name="camerahub", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except CamerahubError as error:
        click.echo(f"camerahub: {error.text.zh}\n  {error.text.en}", err=True)
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        return _misused(wrong)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"camerahub: {text('error.interrupted').zh} / {text('error.interrupted').en}", err=True)
        return EXIT_INTERRUPTED
    except (BrokenPipeError, ReaderGone):
        return _silenced(EXIT_OK)
    except OSError as error:
        return _unwritten(error) if error.errno in _NO_OUTPUT and error.filename is None else _bug(error)
    except Exception as bug:  # noqa: BLE001 - the last door: said, masked, and answered with its own exit code
        return _bug(bug)


def _silenced(code: int) -> int:
    """What is still to be written goes nowhere, at the end of the interpreter too."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return code


def _unwritten(error: OSError) -> int:
    said = text("cli.output", problem=error.strerror)
    click.echo(f"camerahub: {said.zh}\n  {said.en}", err=True)
    return _silenced(EXIT_ENVIRONMENT)


def _misused(wrong: click.ClickException) -> int:
    from camerahub.telemetry.logs import mask_text

    said = text("cli.usage", problem=mask_text(wrong.format_message()))
    click.echo(f"camerahub: {said.zh}\n  {said.en}", err=True)
    ctx = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if ctx is not None:
        click.echo(f"{ctx.get_usage()}\n{ctx.command_path} --help", err=True)
    return EXIT_USAGE


def _bug(bug: Exception) -> int:
    from camerahub.telemetry.logs import mask_text

    click.echo(mask_text("".join(traceback.format_exception(bug))), err=True)
    said = text("error.bug", kind=type(bug).__name__)
    click.echo(f"camerahub: {said.zh}\n  {said.en}", err=True)
    return EXIT_BUG
