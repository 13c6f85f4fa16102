"""Named tasks that are kept and whose errors are heard: the only place that creates a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
_log = structlog.get_logger()
_running: set[asyncio.Task[Any]] = set()


def spawn(
    coro: Coroutine[Any, Any, T],
    name: str,
    on_error: Callable[[BaseException], None] | None = None,
) -> asyncio.Task[T]:
    """Run ``coro`` as a task called ``name``. It is referenced until it ends, and a failure is logged.

    ``on_error`` hears the exception as well, so that an owner can stop when a part of it has died.
    """
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _running.add(task)

    def ended(done: asyncio.Task[T]) -> None:
        _running.discard(done)
        error = None if done.cancelled() else done.exception()
        if error is None:
            return
        _log.error("task_failed", task=name, error=type(error).__name__, exc_info=error)
        if on_error is not None:
            on_error(error)

    task.add_done_callback(ended)
    return task


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel ``tasks`` and wait until they have ended; their errors were heard by ``spawn``."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
