"""A decoder process that decodes and does not judge: ``bench_media --to picture`` ends at the picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from camerahub.frames import lit
from camerahub.frames.diagnosis import Diagnosis
from camerahub.frames.picture import Picture
from camerahub.probes import decoder_child
from camerahub.probes.decode_line import Context


def unjudged(seen: Sequence[tuple[Picture, Context]]) -> list[tuple[Diagnosis, bytes]]:
    """As ``decoder_eye.judge``: every picture is fine."""
    nothing = Diagnosis("ok", None, "day", (), dict.fromkeys(lit.MEASURES, 0.0))
    return [(nothing, context.past) for _, context in seen]


if __name__ == "__main__":
    decoder_child.judge = unjudged  # type: ignore[attr-defined]
    decoder_child.main(sys.argv[1:])
