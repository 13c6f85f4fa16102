"""What tells a command to end: Ctrl-C, SIGTERM and the terminal going away are one and the same wish."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

_TOLD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STREAMS = (1, 2)


def endings() -> tuple[signal.Signals, ...]:
    """The signals that end a command; under ``nohup`` the terminal may go away."""
    return tuple(n for n in _TOLD if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN)


def let_go_of_a_dead_terminal() -> None:
    """Every later line to a terminal that has gone would be an error, amid the cleaning up: let it go nowhere."""
    for fd in _STREAMS:
        try:
            os.write(fd, b"")
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, fd)
            os.close(nowhere)


def end_by_interrupt() -> None:
    """From now on every ending is one KeyboardInterrupt in the main thread; those after the first are not heard."""
    for number in endings():
        signal.signal(number, _interrupt)


def hear_no_more() -> None:
    """What cleans up is not interrupted."""
    for number in endings():
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    hear_no_more()
    let_go_of_a_dead_terminal()
    raise KeyboardInterrupt
