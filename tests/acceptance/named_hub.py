"""``python -m camerahub`` on a machine whose name server the test owns: the file ``NAME_SERVER`` says how it is.

``up``: every name of the farm is answered · ``away``: each question fails at once · ``silent``: no answer ever comes.
Names are looked up again soon, that a test need not wait ten minutes.
"""

from __future__ import annotations

import os
import re
import select
import socket
import sys
from pathlib import Path
from typing import Any

from camerahub import app, names
from camerahub.cli.main import main

#: The name of 127.16.0.1 is c-127-16-0-1.county.invalid (RFC 2606: no real server knows it).
NAME = re.compile(r"c-(\d+)-(\d+)-(\d+)-(\d+)\.county\.invalid")
_real = socket.getaddrinfo


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    found = NAME.fullmatch(host) if isinstance(host, str) else None
    if found is None:
        return _real(host, *args, **kwargs)
    server = Path(os.environ["NAME_SERVER"])
    while (how := server.read_text()) == "silent":
        select.select([], [], [], 0.1)
    if how == "away":
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _real(".".join(found.groups()), *args, **kwargs)


if __name__ == "__main__":
    socket.getaddrinfo = _getaddrinfo
    app.RESOLVE_S = app.NAMELESS_S = names.LOOK_UP_S = 1.0
    sys.argv[0] = "camerahub"
    main()
