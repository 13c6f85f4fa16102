"""Mutations of XLSX containers that keep them containers, and the seeds of both table corpora.

``python -m tests.fuzz.containers`` writes the seeds.
"""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from camerahub.registry.tablefile.profiles import PROFILES

CORPUS = Path(__file__).resolve().parent / "corpus"
Mutate = Callable[[bytes, int], bytes]


def mutate(data: bytes, max_size: int, dice: random.Random, change: Mutate) -> bytes:
    """A new input: one member changed and packed again, or the bytes of the container changed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            members = {member.filename: old.read(member) for member in old.infolist()[:50]}
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return bytes(change(data, max_size))
    if not members or dice.random() < 0.15:
        return bytes(change(data, max_size))
    # the sheet and its strings are where the parser is
    inner = [name for name in members if "sheet" in name or "String" in name] or list(members)
    name = dice.choice(inner if dice.random() < 0.7 else list(members))
    members[name] = bytes(change(members[name], 16_384))
    packed = pack(members, zipfile.ZIP_DEFLATED if dice.random() < 0.9 else zipfile.ZIP_STORED)
    return packed if len(packed) <= max_size else data


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A container of these members, always the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as new:
        for name, content in members.items():
            new.writestr(zipfile.ZipInfo(name[:100] or "x"), content, compress_type=method)
    return out.getvalue()


def _workbook(profile: str, options: dict[str, bool]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet()
        for at, column in enumerate(PROFILES[profile].columns):
            sheet.write_string(0, at, column.header)
            sheet.write_string(1, at, column.example)
        sheet.write_number(2, 0, 3.2e19)
        sheet.write_boolean(2, 1, True)
        sheet.write_number(2, 2, 320585)
    members = zipfile.ZipFile(io.BytesIO(out.getvalue()))
    return pack(
        {
            member.filename: members.read(member)
            for member in members.infolist()
            if "docProps" not in member.filename
        }
    )


def seeds() -> dict[str, list[bytes]]:
    """target -> inputs."""
    rows = []
    for at, profile in enumerate(PROFILES.values()):
        examples = [column.example for column in (*profile.columns, *profile.also)]
        rows.append(bytes([at]) + "\x1f".join(examples).encode())
        rows.append(
            bytes([at]) + "\x1f".join(["3.2E+19", "=x", "999", "rtsp://u:p@ss@h/x?pwd=1"] * 8).encode()
        )
        lines = [",".join(column.header for column in profile.columns), ",".join(examples)]
        rows.append(bytes([14 | at]) + "\r\n".join(["标题", *lines]).encode("gb18030"))
        rows.append(bytes([14 | at]) + "\n".join(lines).encode("utf-16"))
    books = [_workbook(name, {"constant_memory": inline}) for name in PROFILES for inline in (False, True)]
    return {"rows": rows, "xlsx": books}


def write() -> None:
    """One file an input, named by its hash, as libFuzzer does."""
    for target, inputs in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for data in inputs:
            (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    write()
