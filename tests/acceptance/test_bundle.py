"""The offline bundle installs where there is no network and no registry, and works there."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of this tree, unpacked."""
    folder = tmp_path_factory.mktemp("bundle")
    made = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "bundle.py"), "--out", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (packed,) = folder.glob("*.tar.gz")
    told = (folder / f"{packed.name}.sha256").read_text("utf-8").split()[0]
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == told
    with tarfile.open(packed) as tar:
        tar.extractall(folder, filter="data")
    return packed.with_name(packed.name.removesuffix(".tar.gz"))


def namespace() -> list[str]:
    """How to be without a network; nothing where this machine does not allow it."""
    words = ["unshare", "--net"]
    return words if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0 else []


def test_it_installs_and_works_without_a_network(bundle: Path, tmp_path: Path) -> None:
    words = namespace()
    if not words:
        print("no network namespace allowed here: pip is held back by --no-index alone")
    done = subprocess.run(
        [*words, sys.executable, "-m", "tests.acceptance.offline", str(bundle), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["alone"] == bool(words)
    assert told["version"] == (bundle / "VERSION").read_text("utf-8").strip()
    assert "fail" not in told["doctor"].values()
    assert told["doctor"]["decoders"] == told["doctor"]["key"] == told["doctor"]["database"] == "ok"
    assert told["sweep"]["ok"] == told["alive"] > 20
    assert told["diagnosed"] == ["black"]
    assert told["backup"] == 60
    assert told["cameras"] == told["expected"] > 50
    assert told["versions"] == 2  # the one before stays, to go back to


@pytest.mark.parametrize("harm", ["changed", "missing", "added"])
def test_a_bundle_that_is_not_whole_installs_nothing(bundle: Path, tmp_path: Path, harm: str) -> None:
    wheel = next((bundle / "wheels").glob("click-*.whl"))
    data, stranger = wheel.read_bytes(), wheel.with_name("stranger-1-py3-none-any.whl")
    try:
        if harm == "changed":
            wheel.write_bytes(data[:-1] + b"x")
        elif harm == "missing":
            wheel.unlink()
        else:
            stranger.write_bytes(data)
        words = ["--prefix", tmp_path / "opt", "--home", tmp_path / "home", "--no-systemd"]
        done = subprocess.run(
            ["sh", bundle / "install.sh", *words], capture_output=True, text=True, check=False
        )
    finally:
        wheel.write_bytes(data)
        stranger.unlink(missing_ok=True)
    assert done.returncode == 4
    assert "install.sh:" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_units_are_hardened() -> None:
    """systemd's own judgement, 0 (safe) to 10; a service without any of it has 9.6."""
    for name in ("camerahub.service", "camerahub-backup.service"):
        words = ["systemd-analyze", "security", "--offline=true", str(ROOT / "deploy" / "systemd" / name)]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        exposure = float(said.rsplit("exposure level for ", 1)[1].split(":")[1].split()[0])
        print(f"{name}: exposure {exposure}")
        assert exposure <= 2.0
