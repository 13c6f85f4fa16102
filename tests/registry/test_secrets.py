"""Keys and sealed passwords."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.secrets import KeyRing


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "key")


RING = KeyRing(Path("key"), "k1", {"k1": bytes(32)}, bytes(32))


@settings(deadline=None)
@given(st.text(), st.integers(min_value=0))
def test_what_is_sealed_opens_again_and_only_for_its_credential(password: str, number: int) -> None:
    sealed = RING.encrypt(password, number)
    assert RING.decrypt(sealed, number) == password
    with pytest.raises(EnvironmentFault):
        RING.decrypt(sealed, number + 1)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_garbage_does_not_open(garbage: str) -> None:
    with pytest.raises(EnvironmentFault) as refused:
        RING.decrypt(garbage, 1)
    assert refused.value.key == "register.secret_closed"


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_fingerprints_are_equal_for_equal_pairs_only(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (RING.fingerprint(*one) == RING.fingerprint(*other)) == (one == other)


def test_the_file_is_for_its_owner_alone(ring: KeyRing) -> None:
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.load(ring.path) == ring
    ring.path.chmod(0o640)
    with pytest.raises(EnvironmentFault, match="chmod 600") as refused:
        KeyRing.load(ring.path)
    assert refused.value.key == "register.key_mode"


def test_a_new_key_does_not_overwrite_one(ring: KeyRing) -> None:
    with pytest.raises(EnvironmentFault) as refused:
        KeyRing.create(ring.path)
    assert refused.value.key == "register.key_exists"


def test_after_rotation_old_and_new_open_and_fingerprints_stay(ring: KeyRing) -> None:
    old = ring.encrypt("before", 1)
    ring.rotate()
    loaded = KeyRing.load(ring.path)
    assert loaded.current == "k2"
    assert loaded.decrypt(old, 1) == "before"
    assert loaded.encrypt("after", 1).startswith("v1:k2:")
    assert loaded.fingerprint("a", "b") == ring.fingerprint("a", "b")
    assert loaded.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"format": 1, "current": "k1", "keys": {}, "fingerprint": ""}',
        b"null",
    ],
)
def test_a_damaged_key_file_is_said_so_and_not_quoted(ring: KeyRing, damage: bytes) -> None:
    ring.path.write_bytes(damage)
    with pytest.raises(EnvironmentFault) as refused:
        KeyRing.load(ring.path)
    assert refused.value.key == "register.key_corrupt"


def test_a_short_key_is_no_key(ring: KeyRing) -> None:
    body = json.loads(ring.path.read_text())
    body["keys"]["k1"] = "c2hvcnQ"
    ring.path.write_text(json.dumps(body))
    with pytest.raises(EnvironmentFault) as refused:
        KeyRing.load(ring.path)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_missing_key_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="nowhere") as refused:
        KeyRing.load(tmp_path / "nowhere")
    assert refused.value.key == "register.key_missing"
    with pytest.raises(EnvironmentFault) as refused:
        KeyRing.create(tmp_path / "no" / "folder")
    assert refused.value.key == "register.key_unwritable"


def test_nothing_shows_a_key(ring: KeyRing) -> None:
    raw = json.loads(ring.path.read_text())["keys"]["k1"]
    assert raw not in repr(ring)
    assert str(ring.keys["k1"]) not in repr(ring)
    assert os.fspath(ring.path) in repr(ring)
