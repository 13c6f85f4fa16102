"""A home folder with a small register and states, for the commands that show figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from camerahub.cli.context import Context
from camerahub.home import Home
from camerahub.registry.rows import CameraRow
from camerahub.services.clock import ManualClock, SystemClock
from tests.services.county import Hub, Register


class FiguresHome:
    """Home, register and a hub with a clock that began now."""

    def __init__(self, folder: Path, rows: Sequence[CameraRow] | None = None) -> None:
        self.home = Home(folder / "home")
        self.home.create()
        self.register = Register(self.home.path, rows)
        self.hub = Hub(self.register, ManualClock(wall_us=SystemClock().wall_us()))

    def run(self, command: Any, *args: str) -> Result:
        return CliRunner().invoke(command, args, obj=Context(home=self.home.path), standalone_mode=False)

    def lines(self, command: Any, *args: str) -> list[dict[str, Any]]:
        result = self.run(command, *args, "--json")
        if result.exception is not None:
            raise result.exception
        return [json.loads(line) for line in result.stdout.splitlines()]

    def close(self) -> None:
        self.hub.crash()
        self.register.close()
