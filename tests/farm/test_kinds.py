"""Every kind behaves as the truth says, asked by somebody who knows neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from camerahub.core.result import FAULT_KINDS, REASONS, Signal
from camerahub.farm.handle import start_county
from camerahub.farm.kinds import GARBAGE, KINDS, truth

PROBES = ("tcp", "options", "rtsp", "media", "picture")


@pytest.mark.parametrize("probe", PROBES)
def test_every_camera_behaves_as_the_truth_says(pictured, survey, probe):
    said = survey(pictured.county, probe)
    if probe == "picture":  # the client of this test sees what is dark, and nothing else
        shown = {c.code for c in pictured.county.cameras if c.host and truth(c).lit == "up"}
        said |= {c: truth(pictured.county.by_code[c]).picture[0] for c in shown if said[c] == "ok"}
    wrong = {
        (camera.kind, camera.device_number % len(GARBAGE), said[camera.code], getattr(truth(camera), probe))
        for camera in pictured.county.cameras
        if camera.host and said[camera.code] not in getattr(truth(camera), probe)
    }
    assert not wrong
    assert {camera.kind for camera in pictured.county.cameras} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_truth_follows_the_reason_table(name):
    told = KINDS[name].truth
    signal = {"up": Signal.UP, "down": Signal.DOWN}[told.online]
    for probe in PROBES[1:]:
        said = {REASONS[reason].online for reason in getattr(told, probe)}
        assert said - {Signal.NONE} == {signal}  # `locked` says nothing of 在线
    assert len({REASONS[reason].media for reason in told.media}) == 1
    assert len({REASONS[reason].lit for reason in told.picture}) == 1
    assert {told.outcome(probe) for probe in PROBES} <= {"ok", "fault", "unknown"}


FACETS = {
    "healthy": ("up", "up"), "dead": ("down", "down"), "wrong_password": ("unknown", "unknown"),
    "slots_full": ("unknown", "unknown"), "wrong_path": ("down", "down"), "udp_only": ("unknown", "unknown"),
    "silent_play": ("down", "down"), "no_keyframe": ("down", "down"), "undecodable": ("up", "down"),
    "encrypted": ("up", "unknown"), "svac": ("up", "unknown"), "black": ("up", "down"), "no_signal": ("up", "down"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_fault_of_a_picture_has_a_camera(kind):
    told = KINDS[kind].truth
    lit = "down" if kind in ("black", "no_signal") else "up"
    assert (told.picture, told.flowing, told.lit, told.intact) == ((kind,), "up", lit, "down")


@pytest.mark.parametrize("name", FACETS)
def test_what_the_truth_says_of_flow_and_light(name):
    assert (KINDS[name].truth.flowing, KINDS[name].truth.lit) == FACETS[name]


def test_every_kind_is_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "farm.md").read_text(encoding="utf-8")
    assert [name for name in KINDS if f"`{name}`" not in page] == []


def test_without_a_wildcard_every_address_has_its_own_door(survey):
    mix = dict.fromkeys(KINDS, 1.0)
    with start_county(cameras=60, townships=2, mix=mix, wildcard=False) as farm:
        said = survey(farm.county, "options")
        assert all(said[c.code] in truth(c).options for c in farm.county.cameras)
        one = next(c for c in farm.county.cameras if c.kind == "healthy")
        farm.set(one.code, "refusing")
        assert survey(farm.county, "tcp")[one.code] == "refused"
