"""What we dialled at one camera, on both databases: nothing twice, nothing of the neighbours, never a password."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from camerahub.core.batch import FACTS_DTYPE, RESULT_DTYPE
from camerahub.core.guard_rows import Login
from camerahub.core.health import POLICIES
from camerahub.core.result import PROBE_KINDS, REASONS, Facet, MediaFacts
from camerahub.core.uplinks import Uplink, UplinkMap
from camerahub.registry.dialled import Dialled, dialled
from camerahub.registry.rows import CameraRow, EndpointRow
from camerahub.registry.store import Store
from tests.contract.conftest import SHANGHAI
from tests.contract.fleet import MINUTE, SECOND, SOURCE, T0, Hub, fill

HOUR = 60 * MINUTE
#: 2025-06-15 23:06:40 in Shanghai: an hour later is another day.
ALL = (POLICIES[Facet.ONLINE], POLICIES[Facet.MEDIA], POLICIES[Facet.LIT])


def rows(*looks: tuple[int, int, str, str]) -> NDArray[np.void]:
    """(endpoint, µs UTC, probe, reason) as results."""
    found = np.zeros(len(looks), RESULT_DTYPE)
    for row, (endpoint, at, probe, reason) in zip(found, looks, strict=True):
        info = REASONS[reason]
        row["endpoint"], row["started_at"], row["probe"] = endpoint, at, PROBE_KINDS[probe].code
        row["reason"], row["outcome"] = info.code, int(info.outcome)
    return found


def ask(store: Store, code: str = "C00001", since: int = T0 - HOUR, until: int = T0 + 48 * HOUR) -> Dialled:
    told = dialled(store.engine, code, since=since, until=until, zone=SHANGHAI)
    assert told is not None
    return told


@pytest.fixture
def hub(store: Store) -> Hub:
    fill(store, 3, second_road=2)
    return Hub(store.load(ALL))


def own(told: Dialled) -> list[int]:
    return [road.endpoint for road in told.roads]


def commit(store: Store, hub: Hub, *looks: tuple[int, int, str, str], worker: str = "w1") -> None:
    hub.now = max(hub.now, *(at for _, at, _, _ in looks)) + SECOND
    assert store.commit(hub.take(rows(*looks), worker))


def test_nobody_knows_the_camera(store: Store) -> None:
    assert dialled(store.engine, "C99999", since=0, until=T0, zone=SHANGHAI) is None


def test_a_camera_nobody_dialled(store: Store, hub: Hub) -> None:
    told = ask(store)
    assert (told.code, told.name, told.log_from, told.left_out) == ("C00001", "路口 1", 0, 0)
    assert [(road.kind, road.road, road.host) for road in told.roads] == [
        ("rtsp", "direct", "192.0.2.1"), ("rtsp", "via", "192.0.2.250"),
    ]  # fmt: skip
    assert (told.attempts, told.hours, told.logins, told.silences, told.media) == ((), (), (), (), ())


def test_attempts_of_all_its_roads_newest_first_and_of_no_neighbour(store: Store, hub: Hub) -> None:
    direct, via = own(ask(store))
    (other, _) = own(ask(store, "C00000"))
    commit(store, hub, (direct, T0, "options", "ok"), (other, T0 + 1, "options", "timeout"))
    commit(
        store, hub, (via, T0 + MINUTE, "picture", "black"), (direct, T0 + 2 * MINUTE, "rtsp", "auth"), worker="w2"
    )  # fmt: skip
    told = ask(store)
    assert [(a.at, a.endpoint, a.worker, a.probe, a.outcome, a.reason) for a in told.attempts] == [
        (T0 + 2 * MINUTE, direct, "w2", "rtsp", "fault", "auth"),
        (T0 + MINUTE, via, "w2", "picture", "fault", "black"),
        (T0, direct, "w1", "options", "ok", "ok"),
    ]
    assert told.attempts[2].recorded_at == told.log_from == T0 + 1 + SECOND
    assert [a.at for a in ask(store, since=T0 + 1, until=T0 + 2 * MINUTE).attempts] == [T0 + MINUTE]


def test_the_newest_are_told_and_the_rest_is_counted(store: Store, hub: Hub) -> None:
    direct, _ = own(ask(store))
    commit(store, hub, *((direct, T0 + n * SECOND, "options", "ok") for n in (3, 0, 4, 1, 2)))
    told = dialled(store.engine, "C00001", since=0, until=T0 + HOUR, zone=SHANGHAI, most=2)
    assert told is not None
    assert ([a.at - T0 for a in told.attempts], told.left_out) == ([4 * SECOND, 3 * SECOND], 3)


def test_a_clock_that_runs_ahead_is_told_as_it_was_believed(store: Store, hub: Hub) -> None:
    direct, _ = own(ask(store))
    look = rows((direct, T0 + 900 * HOUR, "options", "ok"))
    assert store.commit(hub.take(look))
    assert [a.at for a in ask(store).attempts] == [hub.now]


def test_folded_attempts_become_hours_of_each_facet(store: Store, hub: Hub) -> None:
    direct, via = own(ask(store))
    commit(store, hub, (direct, T0, "options", "ok"), (via, T0 + MINUTE, "options", "timeout"))
    commit(store, hub, (direct, T0 + HOUR, "picture", "black"), (direct, T0 + HOUR + 1, "onvif_time", "ok"))
    store.checkpoint(hub.now)
    commit(store, hub, (direct, T0 + HOUR + MINUTE, "options", "ok"))
    told = ask(store)
    assert [a.at for a in told.attempts] == [T0 + HOUR + MINUTE]
    began = T0 - (6 * MINUTE + 40 * SECOND)
    assert [(h.at, h.facet, h.ok, h.fault, h.unknown, h.reason) for h in told.hours] == [
        (began + HOUR, "online", 1, 0, 0, "black"),
        (began + HOUR, "media", 1, 0, 0, "black"),
        (began + HOUR, "lit", 0, 1, 0, "black"),
        (began + HOUR, "picture", 0, 1, 0, "black"),
        (began, "online", 1, 1, 0, "timeout"),
    ]
    assert {h.at for h in ask(store, since=began + HOUR).hours} == {began + HOUR}
    assert {h.at for h in ask(store, until=began + HOUR).hours} == {began}
    assert ask(store, "C00002").hours == ()


def test_logins_at_its_address_and_how_they_stand(store: Store, hub: Hub) -> None:
    wanted = [("192.0.2.1", "admin", "f1"), ("192.0.2.1", "viewer", "f2"), ("192.0.2.2", "admin", "f1")]
    first, second, third = store.guard_enrol(wanted, T0)
    refused = replace(first, state=Login.REFUSED, tries=2, tried_at=T0 + 5, refused_at=T0 + 6)
    store.guard_write([refused, replace(second, permit=7, tries=1, tried_at=T0 + 9), third], {})
    logins = ask(store).logins
    assert [(one.user, one.state, one.tries, one.tried_at, one.refused_at) for one in logins] == [
        ("viewer", "trying", 1, T0 + 9, 0),
        ("admin", "refused", 2, T0 + 5, T0 + 6),
    ]
    told = repr(ask(store))
    assert all(secret not in told for secret in ("planted", "f1", "f2"))


def test_an_ipv6_address_is_one_address_however_it_is_written(store: Store, hub: Hub) -> None:
    road = EndpointRow(host="2001:DB8:0::1", path="/1")
    store.import_cameras([CameraRow("C6", "六", "320585101", {}, [road])], SOURCE, T0)
    store.guard_write([replace(store.guard_enrol([("2001:db8::1", "admin", "f6")], T0)[0], tries=1)], {})
    assert [one.tries for one in ask(store, "C6").logins] == [1]


def test_gaps_that_concern_it_and_how_certainly(store: Store, hub: Hub) -> None:
    for worker, scope, reason in (
        ("hub", "all", "hub_off"),
        ("w1", "", "ended"),
        ("w2", "uplink:town", "blind"),
        ("w1", "uplink:far", "blind"),
    ):
        store.close_gap(store.open_gap(worker, scope, T0, reason), T0 + MINUTE)
    store.open_gap("w1", "uplink:town", T0 + HOUR, "blind")
    lines = UplinkMap([Uplink("town", ("192.0.2.0/25",)), Uplink("far")])

    def told(code: str, uplinks: UplinkMap | None = lines) -> set[tuple[str, str, bool]]:
        found = dialled(store.engine, code, since=T0, until=T0 + 2 * HOUR, zone=SHANGHAI, uplinks=uplinks)
        assert found is not None
        return {(one.kind, one.subject, one.certain) for one in found.silences}

    everything = {("hub", "hub", True), ("worker", "w1", False), ("uplink", "w2 town", False)}
    assert told("C00002") == everything | {("uplink", "w1 town", False)}
    assert told("C00002", None) > told("C00002")
    (endpoint,) = own(ask(store, "C00002"))
    commit(store, hub, (endpoint, T0 + 1, "options", "ok"))
    assert told("C00002") == {("hub", "hub", True), ("worker", "w1", True), ("uplink", "w1 town", True)}
    silences = ask(store, "C00002", since=T0 + MINUTE).silences
    assert [(one.from_at, one.to_at) for one in silences] == [(T0 + HOUR, None)]


def test_pauses_that_covered_it(store: Store, hub: Hub) -> None:
    assert store.pause("area", "320585101", "zhang", "演练", T0)
    assert store.pause("vendor", "nobody", "zhang", "", T0)
    assert store.resume("area", "320585101", "li", T0 + MINUTE) == 1
    assert store.pause("all", "", "li", "抢修", T0 + HOUR)
    told = ask(store).silences
    assert [(one.kind, one.subject, one.from_at, one.to_at, one.reason, one.who) for one in told] == [
        ("pause", "all", T0 + HOUR, None, "抢修", "li"),
        ("pause", "area 320585101", T0, T0 + MINUTE, "演练", "zhang"),
    ]
    assert [one.subject for one in ask(store, since=T0 + MINUTE).silences] == ["all"]


def test_media_as_last_seen(store: Store, hub: Hub) -> None:
    direct, via = own(ask(store))
    facts = np.array(
        [
            MediaFacts("sub", "H265", 90_000, 20_000, 512_000, 640, 360, faults=("shake", "blur")).row(
                direct, T0 + 5
            ),
            MediaFacts("main", "JPEG", 70_000, 60_000).row(via, T0 + 9),
        ],
        FACTS_DTYPE,
    )
    store.keep_facts(facts)
    told = ask(store).media
    assert [m.faults for m in told] == [(), ("blur", "shake")]
    assert [(m.endpoint, m.at, m.stream, m.codec, m.bit_rate, m.width) for m in told] == [
        (via, T0 + 9, "main", "JPEG", 0, 0),
        (direct, T0 + 5, "sub", "H265", 512_000, 640),
    ]
    assert ask(store, "C00002").media == ()
