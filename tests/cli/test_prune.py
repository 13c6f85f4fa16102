"""What has had its time goes, and only that; sizes are told; a dry run changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camerahub.cli.prune import command
from camerahub.core.errors import EXIT_OK
from camerahub.registry import retention
from camerahub.registry.claims import Claim, ClaimList
from camerahub.services.clock import ManualClock, SystemClock
from tests.cli.figures_home import FiguresHome
from tests.services.county import Hub

DAY = 86_400_000_000


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[FiguresHome]:
    """Three days of looks, the last of them today, and three lists of two sources."""
    home = FiguresHome(tmp_path)
    began = ManualClock(wall_us=SystemClock().wall_us() - 2 * DAY - 60_000_000)
    hub = await Hub(home.register, began).start()
    for _ in range(3):
        await hub.everyone("ok")
        await hub.ingest.exclusively(lambda: hub.store.checkpoint(hub.clock.wall_us()))
        hub.clock.advance(86_400 - 5)
    hub.crash()
    store, now = home.register.store(), SystemClock().wall_us()
    for source, ago in (("a", 30), ("a", 20), ("b", 40)):
        told = ClaimList(source, "platform", now - ago * DAY, "t", f"{source}.csv", "0" * 64, "", 1, 0)
        store.keep_claims(told, [Claim("C1", 1, 1, "在线", None)], now)
    yield home
    home.close()


def kept(home: FiguresHome, looks: int, claims: int) -> None:
    home.home.config_path.write_text(f"[retention]\nlooks_days = {looks}\nclaims_days = {claims}\n", "utf-8")


def rows(home: FiguresHome) -> dict[str, int]:
    store = home.register.store()
    found, _ = retention.sizes(store.engine, retention.limits(0, store.zone, 0, 0))
    return {one.name: one.rows for one in found}


def test_a_dry_run_tells_and_changes_nothing(old: FiguresHome) -> None:
    kept(old, 1, 25)
    before = rows(old)
    *tables, last = old.lines(command, "--dry-run")
    due = {line["table"]: line["due"] for line in tables if line["due"]}
    assert due == {"camera_days": before["camera_days"] // 3, "claims": 1, "claim_lists": 1}
    assert last["summary"]["rows"] == sum(due.values())
    assert rows(old) == before
    said = old.run(command, "--dry-run")
    assert "for ever" in said.stdout
    assert "1 days" in said.stdout
    assert "may go" in said.stderr


def test_only_what_has_had_its_time_goes(old: FiguresHome) -> None:
    kept(old, 1, 25)
    before = rows(old)
    assert old.run(command).return_value == EXIT_OK
    after = rows(old)
    gone = {name: before[name] - after[name] for name in before if before[name] != after[name]}
    assert gone == {"camera_days": before["camera_days"] // 3, "claims": 1, "claim_lists": 1}
    assert old.lines(command)[-1]["summary"]["rows"] == 0


def test_for_ever_is_for_ever(old: FiguresHome) -> None:
    kept(old, 0, 0)
    before = rows(old)
    assert old.lines(command)[-1]["summary"]["rows"] == 0
    assert rows(old) == before
