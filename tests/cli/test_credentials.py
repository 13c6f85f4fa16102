"""`credentials check` and `list`: what is tried, what is told, and that no password is ever shown."""

from __future__ import annotations

import pytest

from camerahub.core.guard_rows import Login
from tests.cli.office import Make, Office, Recorder, office
from tests.probes.conftest import camera

__all__ = ["camera", "office"]  # the fixtures

FIELDS = ["address", "user", "state", "since", "tries", "vendor", "group", "verdict", "cameras"]


@pytest.fixture
def mixed(office: Office, camera: Make) -> Office:
    """A recorder whose password is right, and two of another township whose shared one is wrong."""
    office.register(camera(Recorder(), "127.0.0.2"), 5, "right")
    for host in ("127.0.0.3", "127.0.0.4"):
        office.register(camera(Recorder(), host), 2, "wrong", "320585101", vendor="海康威视")
    return office


def test_a_check_tries_each_device_once_and_lists_those_to_put_right(mixed: Office) -> None:
    *lines, last = mixed.call("credentials", "check")
    assert [(line["address"], line["state"]) for line in lines] == [
        ("127.0.0.3", "refused"), ("127.0.0.4", "refused"),
    ]  # fmt: skip
    for line in lines:
        assert list(line) == FIELDS
        assert (line["user"], line["vendor"], line["verdict"], line["tries"]) == (
            "admin",
            "海康威视",
            "failed",
            1,
        )
        assert len(line["cameras"]) == 2
        assert line["since"].endswith("+08:00")
    summary = last["summary"]
    assert (summary["total"], summary["proven"], summary["refused"], summary["breaker"]) == (
        3,
        1,
        2,
        "closed",
    )
    assert sorted((group["verdict"], group["devices"], group["left"]) for group in summary["groups"]) == [
        ("failed", 2, 0), ("open", 1, 0),
    ]  # fmt: skip
    again = mixed.call("credentials", "check")
    assert [line["tries"] for line in again[:-1]] == [1, 1], "no bound moves by asking"


def test_a_list_changes_nothing_and_knows_what_was_never_tried(mixed: Office) -> None:
    assert mixed.call("credentials", "list")[-1]["summary"]["total"] == 0
    mixed.says("credentials", "check", "--area", "320585100")
    lines = mixed.call("credentials", "list")[:-1]
    assert [(line["address"], line["state"]) for line in lines] == [("127.0.0.2", "proven")]
    assert mixed.logins() == [(Login.PROVEN, 0, 0, 0)]


def test_an_area_is_tried_and_shown_with_all_below_it(mixed: Office) -> None:
    assert mixed.call("credentials", "check", "--area", "320585101")[-1]["summary"]["total"] == 2
    assert mixed.call("credentials", "check", "--area", "320585")[-1]["summary"]["total"] == 3
    mixed.says("credentials", "check", "--area", "999999")
    assert mixed.code == 2


def test_people_get_a_table_and_never_a_password(mixed: Office) -> None:
    said = mixed.says("credentials", "check") + mixed.says("credentials", "list")
    for word in (
        "需要核对密码的设备",
        "127.0.0.3",
        "密码被拒 refused",
        "试点全部被拒",
        "已验证 proven",
        "海康威视",
    ):
        assert word in said
    assert "wrong" not in said
    assert "right" not in said.replace("put right", "")


def test_paused_devices_are_not_tried(mixed: Office) -> None:
    mixed.says("pause", "--vendor", "海康威视")
    assert mixed.call("credentials", "check")[-1]["summary"]["refused"] == 0


def test_a_sweep_and_a_check_share_what_they_know(mixed: Office) -> None:
    assert mixed.reasons("rtsp") == {"ok": 5, "auth": 2, "locked": 2}
    tries = [line["tries"] for line in mixed.call("credentials", "check")[:-1]]
    assert tries == [1, 1]


def test_stdout_is_only_lines_of_json_after_a_hub_that_died(mixed: Office) -> None:
    mixed.says("credentials", "check")
    store = mixed.context.open_store()
    store.guard_begin()  # and never ended
    store.close()
    assert mixed.call("credentials", "check")[-1]["summary"]["proven"] == 1
