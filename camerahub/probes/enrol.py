"""Enrolling one camera on demand, for whoever has a running loop and wants what was learned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from camerahub.core.result import ProbeResult, Target
from camerahub.probes.onvif import onvif_enrol
from camerahub.probes.table import Prober
from camerahub.wire.onvif_session import MOST_PROFILES, CallRecord, OnvifFacts


async def enrol(
    prober: Prober,
    target: Target,
    deadline_s: float,
    *,
    progress: Callable[[CallRecord], None] | None = None,
    basic_in_clear: bool = False,
    challenge_first: bool = False,
    most_profiles: int = MOST_PROFILES,
) -> tuple[ProbeResult, OnvifFacts]:
    """Enrol one camera within ``deadline_s`` for everything; the facts are what was learned until then.

    ``progress`` is told each call as it ends. ``target.host`` is an IP address. Raises ``UrlError`` for an address
    that is none. Dials at once: whoever enrols many keeps the pace.
    """
    conversation = onvif_enrol(
        target,
        progress=progress,
        basic_in_clear=basic_in_clear,
        challenge_first=challenge_first,
        most_profiles=most_profiles,
    )
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()

    def ended(result: ProbeResult) -> None:
        if not done.done():  # who waited may have been cancelled
            done.set_result(result)

    prober.run(target, conversation, deadline_s, ended)
    return await done, conversation.facts
