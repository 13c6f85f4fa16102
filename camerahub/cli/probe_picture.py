"""The last steps of `camerahub probe`: media and picture, both from one conversation, so that there is one PLAY."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from camerahub.cli.probe_onvif import Taken
from camerahub.core.result import MediaFacts, ProbeResult, Target
from camerahub.core.texts import Text, text
from camerahub.probes.table import Prober

#: step -> (probe, stage), as in ``probe.STEPS``.
PICTURE_STEPS: dict[str, tuple[str, int]] = {"media": ("picture", 4), "picture": ("picture", 5)}


class PictureSteps:
    """What one look brought; ``looking_s`` from the dial to the verdict, decoding included."""

    def __init__(self, result: ProbeResult, looking_s: float) -> None:
        self.result, self._looking_s = result, looking_s

    @classmethod
    async def look(cls, target: Target, deadline_s: float) -> PictureSteps:
        """Take one picture of ``target``, with a decoder that is there before the camera is dialled."""
        loop = asyncio.get_running_loop()
        prober = Prober(loop, max_in_flight=1, decoders=1)
        try:
            await prober.ready()
            done: asyncio.Future[ProbeResult] = loop.create_future()
            began = time.monotonic()
            prober.start(target, "picture", deadline_s, done.set_result)
            return cls(await done, time.monotonic() - began)
        finally:
            prober.hurry()  # interrupted, the camera is told that it need not send any longer
            await prober.aclose()

    def take(self, name: str) -> Taken:
        """The step ``media`` (up to the key picture), then ``picture`` (what it shows)."""
        result, facts = self.result, self.result.facts or MediaFacts()
        if name == "media":
            flows = result.stage >= 4
            reason = "ok" if flows else result.reason
            note = _media_words(facts) if facts.codec else None
            return Taken(reason, result.status, result.duration_s, note, _media_facts(facts))
        note = text("probe.picture.size", width=facts.width, height=facts.height) if facts.width else None
        took = max(0.0, self._looking_s - result.duration_s)
        return Taken(result.reason, result.status, took, note, _picture_facts(facts))


def _media_words(facts: MediaFacts) -> Text:
    rate = f"{facts.bit_rate / 1e6:.1f} Mbit/s" if facts.bit_rate else "-"
    key, received = f"{facts.key_bytes / 1000:.1f}", f"{facts.received / 1000:.1f}"
    return text(
        "probe.picture.media", stream=facts.stream, codec=facts.codec, received=received, key=key, rate=rate
    )


def _media_facts(facts: MediaFacts) -> dict[str, Any]:
    names = ("stream", "codec", "received", "key_bytes", "bit_rate")
    return {name: getattr(facts, name) for name in names}


def _picture_facts(facts: MediaFacts) -> dict[str, Any]:
    if not facts.width:
        return {}
    measures = {name: value for name, value in facts.measures if math.isfinite(value)}  # JSON knows no NaN
    return {
        "width": facts.width,
        "height": facts.height,
        "faults": list(facts.faults),
        "measures": measures,
    }
