"""Addresses of targets, parsed once: a fleet dials the same cameras every minute."""

from __future__ import annotations

from functools import lru_cache

from camerahub.core.result import Target
from camerahub.wire.rtsp import quick_options
from camerahub.wire.rtsp_describe import quick_describe
from camerahub.wire.url import HttpUrl, RtspUrl, request_uri, split_credentials, split_http

REMEMBERED = 65536


def address_of(target: Target) -> RtspUrl:
    """The stream address of ``target``: its ``url``, else the root at its host and port. Raises ``UrlError``."""
    if not target.url:
        return RtspUrl("rtsp", target.host, target.port)
    return parsed(target.url)


@lru_cache(REMEMBERED)
def parsed(url: str) -> RtspUrl:
    """``url`` without any credentials in it. Raises ``UrlError``."""
    return split_credentials(url)[0]


@lru_cache(REMEMBERED)
def options_request(url: str) -> bytes:
    """The OPTIONS request for ``url``. Raises ``UrlError``."""
    return quick_options(request_uri(url))


@lru_cache(REMEMBERED)
def describe_request(url: str) -> tuple[RtspUrl, bytes]:
    """The address in ``url`` and its DESCRIBE request, without a login. Raises ``UrlError``."""
    address = parsed(url)
    return address, quick_describe(address)


def is_tls(target: Target) -> bool:
    """True when ``target`` is to be spoken to over TLS."""
    return target.url[:6].lower() in ("rtsps:", "https:")


@lru_cache(REMEMBERED)
def parsed_http(url: str) -> HttpUrl:
    """``url`` without any credentials in it. Raises ``UrlError``."""
    return split_http(url)[0]
