"""Names for the list and the card of one camera, on both databases."""

from __future__ import annotations

from sqlalchemy import event

from camerahub.core.roll import Named
from camerahub.registry import cards, queries
from camerahub.registry.store import Store
from tests.contract.fleet import SOURCE, T0, camera, fill

DAY = 86_400_000_000


def test_every_camera_is_named_once_in_one_question(store: Store) -> None:
    fill(store, 30, second_road=5)
    store.import_cameras([camera(3, status="dismantled"), camera(4, network="天网")], SOURCE, T0 + 5)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    named = cards.named(store.engine)
    assert len([query for query in asked if query.startswith("SELECT cameras")]) == 1
    assert {type(one) for one in named} == {Named}
    listed = queries.cameras(store.engine)
    told = {one.code: (one.id, one.name, one.area_code, one.network, one.expected) for one in named}
    assert told == {one.code: (one.id, one.name, one.area_code, one.network, one.expected) for one in listed}
    assert not told["C00003"][-1]
    assert told["C00004"][-2] == "天网"


def test_the_card_has_what_is_written_down_and_no_secret(store: Store) -> None:
    fill(store, 3)
    store.import_cameras(
        [camera(1, vendor="海康威视", site="路口", maintainer="甲队", status="repair")], SOURCE, T0 + 5
    )
    card = cards.card(store.engine, "C00001")
    assert card is not None
    assert (card.vendor, card.site, card.maintainer, card.status, card.expected, card.unit) == (
        "海康威视", "路口", "甲队", "repair", True, "",
    )  # fmt: skip
    assert "planted" not in repr(card)
    assert "admin" not in repr(card)
    assert cards.card(store.engine, "nobody") is None


def test_evidence_is_listed_newest_first_until_it_expires(store: Store) -> None:
    fill(store, 2)
    (road,) = [one.endpoint for one in queries.targets(store.engine, code="C00001")]
    for n, reason in enumerate(("black", "blur", "stripes")):
        store.keep_still(road, T0 + n, reason, b"\xff\xd8 picture", T0 + DAY + n)
    found = cards.proofs(store.engine, "C00001", T0 + DAY + 0)
    assert [(one.reason, one.at - T0) for one in found] == [("stripes", 2), ("blur", 1)]
    assert cards.proofs(store.engine, "C00000", T0) == []
    assert cards.proofs(store.engine, "nobody", T0) == []


def test_false_alarms_are_counted_by_kind(store: Store) -> None:
    fill(store, 2)
    for kind in ("blur", "black", "blur"):
        store.add_alarm("C00001", kind, "甲", "雾", T0)
    assert list(cards.alarm_counts(store.engine, "C00001").items()) == [("blur", 2), ("black", 1)]
    assert cards.alarm_counts(store.engine, "C00000") == {}
