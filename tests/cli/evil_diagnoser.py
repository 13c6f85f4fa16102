"""A child of ``diagnose`` that does on magic bytes what a decoder that met its exploit, or its bug, would do."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Any

from camerahub.cli.diagnose_child import Child, main
from camerahub.cli.diagnose_line import pack
from tests.probes.evil_decoder import forbidden

_OK = ["ok", "day", [], {}, 1, "", "", "", None, 320, 240, []]


def tell(*fields: object) -> None:
    os.write(int(sys.argv[1]), pack({"items": [list(fields)], "bugs": []}))


def look(child: Child, order: dict[str, Any], blobs: list[bytes]) -> None:
    words = [blob[:16].split(b"\0")[0].decode("latin-1") for blob in blobs]
    if "crash" in words:
        ctypes.string_at(0)
    elif "hang" in words:
        while True:
            pass
    elif "sleep" in words:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    elif "garbage" in words:
        os.write(int(sys.argv[1]), b"\xff" * 64)
    elif "forbidden" in words and len(words) == 1:
        tell(*_OK[:3], forbidden(), *_OK[4:])
        return
    elif "file" in words:
        os.write(int(sys.argv[1]), pack({"read": [0, 0, 100]}))
    elif "kind" in words:
        tell("fault", "day", [["face", 0.5, "fault"]], *_OK[3:])
    elif "bug" in words:
        os.write(
            int(sys.argv[1]),
            pack(
                {
                    "items": [["unknown", "", [], {}, 0, "", "bug", "", None, 0, 0, []]] * len(words),
                    "bugs": ["ours"],
                }
            ),
        )
        return
    else:
        child.look(order, blobs)
        return
    os._exit(3)


if __name__ == "__main__":
    main(sys.argv[1:], look)
