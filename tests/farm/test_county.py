"""The county is the same for the same seed, and is a county."""

from __future__ import annotations

from collections import Counter

import pytest

from camerahub.core.errors import ConfigError
from camerahub.farm.county import PROFILES, County, quotas
from camerahub.farm.kinds import KINDS, truth
from camerahub.farm.makers import SCHEME_WEIGHTS, SCHEMES
from camerahub.farm.model import Spec
from camerahub.farm.places import COUNTY


@pytest.fixture(scope="module")
def county():
    return County.make()


def test_the_seed_decides_everything(county):
    assert County.make() == county
    assert County.make(seed=2).cameras != county.cameras
    assert County.build(Spec.from_json(Spec(seed=3).to_json())).cameras == County.make(seed=3).cameras


def test_codes_are_whole_and_single(county):
    codes = [camera.code for camera in county.cameras]
    assert len(set(codes)) == len(codes) == 2000
    assert all(len(code) == 20 and code.isdigit() and code.startswith(COUNTY) for code in codes)
    assert {code[10:13] for code in codes} == {"132"}


def test_areas_are_a_tree_of_three_levels(county):
    known = {area.code: area for area in county.areas}
    assert len(known) == len(county.areas)
    assert Counter(len(code) for code in known)[9] == 20
    assert all(
        area.code.startswith(area.parent) and (area.parent in known or area.code == COUNTY)
        for area in known.values()
    )
    assert len({area.name for area in county.areas if area.level == "township"}) == 20
    assert {camera.area_code for camera in county.cameras} <= known.keys()
    assert {len(camera.area_code) for camera in county.cameras} == {6, 9, 12}
    assert all(camera.area_code.startswith(camera.township) for camera in county.cameras)


def test_townships_have_different_rates_some_perfect_some_bad(county):
    up, all_of = Counter(), Counter()
    for camera in county.cameras:
        if camera.expected:
            all_of[camera.township] += 1
            up[camera.township] += truth(camera).online == "up"
    rates = [up[code] / all_of[code] for code in all_of]
    assert len(all_of) == 21
    assert len(set(rates)) > 12
    assert min(rates) < 0.6
    assert max(rates) > 0.98


def test_nvrs_put_several_channels_on_one_address(county):
    by_host = Counter(camera.host for camera in county.cameras if camera.host)
    nvr_channels = [camera for camera in county.cameras if camera.device]
    assert len(nvr_channels) > 300
    assert {by_host[camera.host] for camera in nvr_channels} == {4, 8, 16}
    assert {camera.door for camera in nvr_channels} == {"serve"}
    assert len({(camera.address, camera.path) for camera in county.cameras if camera.host}) == sum(
        by_host.values()
    )
    assert all(host.startswith("127.") and host != "127.0.0.1" for host in by_host)


def test_some_have_no_address_and_some_are_dismantled(county):
    assert [truth(c).online for c in county.cameras if not c.host] == ["unknown"] * 10
    assert sum(not c.expected for c in county.cameras) == 10


def test_some_devices_share_an_address_behind_a_nat(county):
    behind = [camera for camera in county.cameras if camera.door != "serve"]
    assert len(behind) > 20
    for camera in behind:
        same = [other for other in county.cameras if other.host == camera.host]
        assert {other.door for other in same} == {"serve", "nat1", "nat2"}
        assert len({county.port(other) for other in same}) == 3
        assert len({other.township for other in same}) == 1


def test_a_share_of_the_devices_has_an_onvif_address(county):
    known = [county.onvif_url(camera) for camera in county.cameras]
    assert 0.5 < sum(map(bool, known)) / len(known) < 0.8
    for camera in county.cameras:
        if camera.device:
            first = next(other for other in county.cameras if other.host == camera.host)
            assert county.onvif_url(camera) == county.onvif_url(first)


def test_a_mix_is_met_exactly():
    plain = County.make(cameras=2600, townships=30, mix={"healthy": 97, "black_holed": 3})
    assert Counter(c.kind for c in plain.cameras) == {"healthy": 2522, "black_holed": 78}
    assert len({c.host for c in plain.cameras}) == 2600


@pytest.mark.parametrize("size", [(2, 1), (50, 40), (400, 390)])
def test_small_and_wide_counties(size):
    cameras, townships = size
    made = County.make(cameras=cameras, townships=townships)
    assert len(made.cameras) == cameras
    assert sum(area.level == "township" for area in made.areas) == townships
    assert len({c.code for c in made.cameras}) == cameras


@pytest.mark.parametrize("size", [(0, 1), (5, 5), (5, 0), (1000, 391)])
def test_impossible_sizes(size):
    with pytest.raises(ConfigError):
        County.make(cameras=size[0], townships=size[1])


@pytest.mark.parametrize("mix", [{"haunted": 1}, {"healthy": -1}, {"healthy": 0}])
def test_impossible_mixes(mix):
    with pytest.raises(ConfigError):
        County.make(mix=mix)


def test_tables_agree():
    assert all(set(profile) <= set(KINDS) for profile in PROFILES.values())
    assert set(SCHEME_WEIGHTS) == set(SCHEMES)
    assert list(SCHEME_WEIGHTS)[-1] == "open"


def test_shares_add_up():
    assert Counter(quotas(10, {"a": 1, "b": 1, "c": 1})) == {"a": 4, "b": 3, "c": 3}
    assert quotas(0, {"a": 1}) == []


def test_no_password_in_a_repr(county):
    camera = next(c for c in county.cameras if c.password)
    assert camera.password not in repr(camera)
