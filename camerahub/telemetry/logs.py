"""Logs: one JSON object a line on stderr, or readable lines on a terminal. Set up by the command line alone.

The last processor before the writer masks what must never be read: passwords inside addresses, and values of keys
that are named like a secret. Importing this module changes nothing.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "***"

#: Also what follows the last ``@`` before a slash, so that a password with ``@``, ``/`` or ``#`` leaves nothing behind.
_USER_INFO = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^\s\"'<>]*@")
_BARE = re.compile(r"(?<![\w/@:.])[^\s\"'<>@:/=,;(){}\[\]]+:[^\s\"'<>/@]+@(?=[\w\[])")
_PARAMETER = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)(\s*[=:]\s*)[^\s&,;\"']+")
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization\s*[:=]\s*)[^\r\n]+")
_SECRET_KEY = re.compile(r"(?i)(password|passwd|pwd|secret|token|authorization|credential|cookie|口令|密码)")
_DEEPEST = 6


def mask_text(text: str) -> str:
    """``text`` without ``user:pass@``, ``password=…`` and ``Authorization: …``."""
    text = _HEADER.sub(rf"\1{MASK}", text)
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    return _PARAMETER.sub(rf"\1\2{MASK}", _BARE.sub(f"{MASK}@", text))


def _mask(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bytes | bytearray):
        return mask_text(bytes(value).decode("utf-8", "replace"))
    if value is None or isinstance(value, int | float):
        return value
    if depth >= _DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {key: _mask_item(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(item, depth + 1) for item in value]
    return mask_text(str(value))


def _mask_item(key: str, value: Any, depth: int) -> Any:
    hidden = _SECRET_KEY.search(key) and value is not None and not isinstance(value, bool)
    return MASK if hidden else _mask(value, depth)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor: the event with every secret masked, at any depth."""
    return {key: _mask_item(key, value, 0) for key, value in event.items()}


def _processors(console: bool) -> list[Processor]:
    if console:
        return [redact, structlog.dev.ConsoleRenderer(colors=False)]
    return [redact, structlog.processors.JSONRenderer(ensure_ascii=False)]


def set_up(*, console: bool | None = None, level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's warnings to ``stream`` (stderr), masked.

    ``console`` None: readable lines when the stream is a terminal, else JSON.
    """
    out = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    last = _processors(out.isatty() if console is None else console)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_library(out, number, shared, last)


def _adopt_standard_library(out: TextIO, level: int, shared: list[Processor], last: list[Processor]) -> None:
    handler = logging.StreamHandler(out)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
