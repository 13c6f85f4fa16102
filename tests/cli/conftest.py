"""What the tests of several commands share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.figures_home import FiguresHome


@pytest.fixture
async def county(tmp_path: Path) -> AsyncIterator[FiguresHome]:
    """Twelve cameras: eleven with an address, of them eight up and three down (refused)."""
    home = FiguresHome(tmp_path)
    hub = await home.hub.start()
    await hub.everyone("ok")
    for _ in range(3):
        hub.clock.advance(5)
        await hub.feed([(1, "refused"), (2, "refused"), (3, "refused")])
    yield home
    home.close()
