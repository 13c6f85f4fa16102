"""The command line: a lazy table of commands, logs, and exit codes.

Commands are imported when they are called: a sweep must not pay for the database.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from camerahub import __version__
from camerahub.cli.context import Context
from camerahub.core.errors import EXIT_INTERRUPTED, CamerahubError
from camerahub.core.texts import text

#: name -> (module under camerahub.cli, short help). A new command is one file and one line.
COMMANDS: dict[str, tuple[str, str]] = {
    "probe": ("probe", "检测一路 / climb the stages at one camera"),
    "sweep": ("sweep", "检测一遍 / one round over the register or a file"),
}


class LazyGroup(click.Group):
    """A click group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"camerahub.cli.{COMMANDS[cmd_name][0]}").command
        return command


@click.group(cls=LazyGroup)
@click.version_option(__version__)
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), envvar="CAMERAHUB_HOME")
@click.pass_context
def root(ctx: click.Context, home: Path | None) -> None:
    """camerahub: 摄像机在不在线, 数字站不站得住. Do the cameras work, and can the figure be proved?"""
    ctx.obj = Context(home=home)


def main(argv: list[str] | None = None) -> None:
    """Run one command and leave with the exit code of the contract."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Exit code of one command line; every expected error is one clear sentence on stderr."""
    try:
        result: Any = root.main(args=argv, prog_name="camerahub", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except CamerahubError as error:
        click.echo(f"camerahub: {error.text.zh}\n  {error.text.en}", err=True)
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"camerahub: {text('error.interrupted').zh} / {text('error.interrupted').en}", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
