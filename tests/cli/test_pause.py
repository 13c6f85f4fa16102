"""`pause` and `resume`: one scope, kept with who and why, obeyed by whatever dials, ended only by `resume`."""

from __future__ import annotations

import pytest

from camerahub.registry import pauses
from camerahub.registry.tables import changes
from tests.cli.office import Make, Office, Recorder, office
from tests.probes.conftest import camera

__all__ = ["camera", "office"]  # the fixtures


def lasting(office: Office) -> list[tuple[str, str, str]]:
    store = office.context.open_store()
    found = [(one.scope, one.value, one.reason) for one in pauses.lasting(store.engine)]
    store.close()
    return found


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--area", "320585100"), 2),
        (("--area", "320585"), 3),
        (("--vendor", "海康威视"), 1),
        (("--all",), 3),
    ],
)
def test_a_scope_is_paused_told_and_resumed(
    office: Office, camera: Make, words: tuple[str, ...], count: int
) -> None:
    peer = camera(Recorder())
    office.register(peer, 2, "right")
    office.register(peer, 1, "right", "320585101", vendor="海康威视")
    said = office.says("pause", *words, "--reason", "换交换机")
    assert office.code == 0
    assert f"已暂停探测 {count} 路" in said
    assert f"paused: {count} endpoints" in said
    assert office.reasons("options") == {"paused": count} | ({"ok": 3 - count} if count < 3 else {})
    assert "此前已暂停" in office.says("pause", *words)
    assert [reason for *_, reason in lasting(office)] == ["换交换机"]
    assert f"resumed: {count} endpoints" in office.says("resume", *words)
    assert lasting(office) == []
    assert office.reasons("options") == {"ok": 3}


def test_who_and_why_are_written_down(office: Office, camera: Make) -> None:
    office.register(camera(Recorder()), 1, "right")
    office.says("pause", "--all", "--reason", "演练")
    office.says("resume", "--all")
    column = changes.c
    found = [
        row for row in office.rows(column.entity, column.who, column.old, column.new) if row[0] == "pause"
    ]
    assert [(old, new) for _, _, old, new in found] == [(None, "演练"), ("演练", None)]
    assert all(who for _, who, *_ in found)


def test_resuming_one_scope_says_what_is_still_paused(office: Office, camera: Make) -> None:
    office.register(camera(Recorder()), 1, "right")
    office.says("pause", "--area", "320585100", "--reason", "甲")
    office.says("pause", "--area", "320585", "--reason", "乙")
    said = office.says("resume", "--area", "320585100")
    assert "仍在暂停: area 320585" in said
    assert "乙" in said
    assert office.reasons("options") == {"paused": 1}


@pytest.mark.parametrize("words", [(), ("--all", "--area", "320585"), ("--area", "320585", "--vendor", "x")])
def test_exactly_one_scope_is_named(office: Office, words: tuple[str, ...]) -> None:
    for command in ("pause", "resume"):
        assert "name one scope" in office.says(command, *words)
        assert office.code == 2


@pytest.mark.parametrize("words", [("--area", "999999"), ("--vendor", "没有"), ("--platform", "x")])
def test_a_scope_the_register_does_not_know_is_named(office: Office, words: tuple[str, ...]) -> None:
    assert words[1] in office.says("pause", *words)
    assert office.code == 2
    assert lasting(office) == []


def test_resuming_what_is_not_paused_says_so(office: Office) -> None:
    assert "there was no such pause" in office.says("resume", "--area", "320585")
    assert office.code == 0
