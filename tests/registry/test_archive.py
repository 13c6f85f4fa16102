"""A backup is whole or it is none: whatever happens to its bytes, a damaged one is told and never handed out."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import archive
from camerahub.registry.archive import Archive, Manifest

FACTS = {
    "made_at": 1_750_000_000_000_000, "program": "1", "schema": "0008", "backend": "sqlite", "site": "某县",
    "key": "ab", "counts": {"cameras": 3},
}  # fmt: skip
REGISTER, CONFIG = b"pages " * 5_000, "名称 = 1\n".encode()


def made(folder: Path) -> tuple[Path, Manifest]:
    (folder / "r").write_bytes(REGISTER)
    (folder / "c").write_bytes(CONFIG)
    target = folder / "camerahub-20250615-120000.zip"
    parts = {
        archive.REGISTER: folder / "r",
        archive.CONFIG: folder / "c",
        "attachments/批文.pdf": folder / "c",
    }
    return target, archive.write(target, parts, archive.about(**FACTS))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("whole"))[0].read_bytes()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    target, manifest = made(tmp_path)
    read = Archive(target)
    assert read.verify() == manifest
    assert (read.manifest.site, read.manifest.counts, read.manifest.schema) == (
        "某县",
        {"cameras": 3},
        "0008",
    )
    read.extract(archive.REGISTER, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == REGISTER
    for path in (target, tmp_path / "out"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert archive.made(tmp_path) == [target]
    assert [path for path in tmp_path.iterdir() if path.name.startswith(archive.PARTIAL)] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255), cut=st.booleans())
def test_damaged_bytes_are_told_or_change_nothing(
    whole: bytes, tmp_path: Path, place: float, change: int, cut: bool
) -> None:
    at, data = int(place * len(whole)), bytearray(whole)
    if cut:
        del data[at:]
    else:
        data[at] ^= change
    path = tmp_path / "damaged.zip"
    path.write_bytes(data)
    try:
        read = Archive(path)
        read.verify()
        (tmp_path / "out").unlink(missing_ok=True)
        read.extract(archive.REGISTER, tmp_path / "out")
    except EnvironmentFault:
        return  # told; anything else that is raised is a bug
    assert not cut
    assert (tmp_path / "out").read_bytes() == REGISTER


def forged(path: Path, manifest: object, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, REGISTER)
        file.writestr(archive.MANIFEST, manifest if isinstance(manifest, bytes) else json.dumps(manifest))
    return path


def told(**parts: dict[str, object]) -> dict[str, object]:
    return {"format": 1, **FACTS, "parts": parts}


@pytest.mark.parametrize(
    ("manifest", "names"),
    [
        (b"", ()),
        (b"[1]", ()),
        (b"\xff", ()),
        ({"format": 2}, ()),
        (told(**{"../evil": {"bytes": 1, "sha256": ""}}), ("../evil",)),
        (told(**{"attachments/../x": {"bytes": 1, "sha256": ""}}), ("attachments/../x",)),
        (told(**{"attachments/.hidden": {"bytes": 1, "sha256": ""}}), ("attachments/.hidden",)),
        (told(**{"register.db": {"bytes": -1, "sha256": ""}}), ("register.db",)),
        (told(), ("stranger",)),
        (told(**{"register.db": {"bytes": 1, "sha256": ""}}), ()),
        (told(**{"register.db": {"bytes": 10**400, "sha256": ""}}), ("register.db",)),
    ],
)
def test_a_forged_manifest_is_no_backup(tmp_path: Path, manifest: object, names: tuple[str, ...]) -> None:
    path = forged(tmp_path / "forged.zip", manifest, *names)
    with pytest.raises(EnvironmentFault) as caught:
        Archive(path).verify()
    assert caught.value.key == "backup.damaged"


def test_more_than_was_told_is_not_written_on(tmp_path: Path) -> None:
    """A small file can hold gigabytes of zeros: the manifest's sizes bound what is written."""
    path = forged(tmp_path / "bomb.zip", told(**{"register.db": {"bytes": 10, "sha256": ""}}), "register.db")
    with pytest.raises(EnvironmentFault):
        Archive(path).extract(archive.REGISTER, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size == 0


def test_one_at_a_time_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "backups"
    with (
        archive.one_at_a_time(folder),
        pytest.raises(EnvironmentFault) as caught,
        archive.one_at_a_time(folder),
    ):
        pass
    assert caught.value.key == "backup.busy"
    (folder / f"{archive.PARTIAL}x.zip").write_bytes(b"half")
    (folder / "mine.txt").write_text("mine", "utf-8")
    with archive.one_at_a_time(folder):
        assert not (folder / f"{archive.PARTIAL}x.zip").exists()
    assert (folder / "mine.txt").exists()


def test_only_the_newest_stay(tmp_path: Path) -> None:
    names = [f"camerahub-2025061{n}-120000.zip" for n in range(3)]
    names += ["camerahub-20250612-120000-2.zip", "camerahub-20250612-120000-10.zip"]
    for name in (*names, "other.zip"):
        (tmp_path / name).write_bytes(b"")
    assert archive.drop_oldest(tmp_path, 0) == []
    assert [path.name for path in archive.drop_oldest(tmp_path, 2)] == names[:3]
    assert {path.name for path in tmp_path.iterdir()} == {*names[3:], "other.zip"}
