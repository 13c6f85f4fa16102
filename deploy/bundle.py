"""``make bundle``: everything an air-gapped machine needs, in one file, every part of it by its hash.

    python deploy/bundle.py [--arch x86_64|aarch64] [--out dist]

Wheels come from the locks by hash and from nowhere else; our own wheel is built here and gets its hash. On the other
side ``install.sh`` needs Python 3.11 and nothing more.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Wheels for glibc 2.17 up to that of Debian 12 (2.36) and of the domestic distributions made after 2020.
GLIBC = [f"manylinux_2_{n}" for n in range(36, 16, -1)] + ["manylinux2014"]
ARCHES = ("x86_64", "aarch64")
LOCKS = ("run.lock", "bundle.lock")


def run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, cwd=ROOT)


def fetch(arch: str, wheels: Path) -> None:
    """The wheels of the locks for ``arch``. Whatever has none there ends it with pip's own words."""
    platforms = [f"--platform={glibc}_{arch}" for glibc in GLIBC] + [f"--platform=linux_{arch}"]
    for lock in LOCKS:
        run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
            "--require-hashes", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", *platforms,
            "--dest", wheels, "-r", ROOT / "requirements" / lock,
        )  # fmt: skip


def build(wheels: Path) -> Path:
    """Our own wheel."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps",
        "--no-build-isolation", "--wheel-dir", wheels, ROOT)  # fmt: skip
    (made,) = wheels.glob("camerahub-*.whl")
    return made


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lay_out(folder: Path, arch: str, guide: Path | None) -> str:
    """The content of a bundle in ``folder``; the version."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    fetch(arch, wheels)
    ours = build(wheels)
    version = ours.name.split("-")[1]
    lock = (ROOT / "requirements" / "run.lock").read_text("utf-8")
    (folder / "requirements.lock").write_text(
        f"camerahub=={version} --hash=sha256:{sha256(ours)}\n{lock}", "utf-8"
    )
    (folder / "VERSION").write_text(version + "\n", "utf-8")
    (folder / "ARCH").write_text(arch + "\n", "utf-8")
    for name in ("systemd", "sysusers.d", "tmpfiles.d"):
        shutil.copytree(ROOT / "deploy" / name, folder / "deploy" / name)
    for name in ("configs", "dashboards"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    if guide is not None:
        shutil.copytree(guide, folder / "guide")
    for name in ("LICENSE", "NOTICE", "CHANGELOG.md", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "deploy" / "install.sh", folder / "install.sh")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{sha256(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums, "utf-8")
    return version


def pack(folder: Path, target: Path) -> None:
    """The same content gives the same bytes."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
        info.mode = 0o755 if info.isdir() or info.name.endswith(".sh") else 0o644
        return info

    # wheels are compressed already
    with (
        gzip.GzipFile(target, "wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        tar.add(folder, folder.name, filter=plain)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--arch", choices=ARCHES, default="x86_64")
    reader.add_argument("--out", type=Path, default=ROOT / "dist")
    reader.add_argument("--guide", type=Path, help="the built guide, when it is to be in it")
    asked = reader.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        version = lay_out(folder, asked.arch, asked.guide)
        named = folder.rename(Path(scratch) / f"camerahub-{version}-{asked.arch}")
        target = asked.out / f"{named.name}.tar.gz"
        pack(named, target)
    (target.parent / f"{target.name}.sha256").write_text(f"{sha256(target)}  {target.name}\n", "utf-8")
    print(f"{target}  {target.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
