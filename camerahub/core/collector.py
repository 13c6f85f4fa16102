"""The garbage collector, out of the way of one command that makes many objects and few circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """For a process that only imports, or only sweeps: rows and results are many and form no circles, and walking
    them again and again costs up to a quarter of the time. The switch is the whole process's, so it is the command's
    to turn and no library's."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
