"""条纹干扰 ``stripes``: lines or bands over the whole picture that every part of it shares.

Fences and blinds make lines, too, but not the same ones in each fifth of the picture; a disturbance does not stop
where the scene changes. So what counts is what the fifths agree on.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, agreed, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_LAGS = (1, 3, 8, 20)
_WAYS = {"h": "rows", "v": "columns"}


def _described() -> dict[str, Measure]:
    found = {}
    for way, name in _WAYS.items():
        for lag in _LAGS:
            words = f"mean difference of {name} {lag} apart that the median of the five strips shows, level 1"
            found[f"stripes_{way}{lag}"] = Measure("grey", 0, 255, "never", words, "own")
            words = f"its share in the mean difference of {name} within strips"
            found[f"stripes_{way}{lag}_common"] = Measure("ratio", 0, 64, "never", words, "own")
        words = f"strongest frequency's share in the power of the common profile of {name}"
        found[f"stripes_{way}_tone"] = Measure("share", 0, 1, "never", words, "Fourier; Fisher's g, 1929")
        words = f"that frequency, cycles over the picture's {name}"
        found[f"stripes_{way}_pitch"] = Measure("cycles", 0, 160, "never", words, "Fourier")
        words = f"{name} that differ by more than 8 from the last in the median of the strips"
        found[f"stripes_{way}_lines"] = Measure("share", 0, 1, "never", words, "own")
    words = "strongest slanted wave at level 2: its power over the mean, both weighted by frequency"
    found["stripes_slant"] = Measure("ratio", 0, 7200, "never", words, "Fourier; Fisher's g, 1929")
    found["stripes_slant_pitch"] = Measure(
        "cycles", 0, 120, "never", "its cycles over the picture", "Fourier"
    )
    return found


MEASURES: dict[str, Measure] = _described()


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    found: dict[str, Floats] = {}
    for way, profiles in (("h", c.sketch.rows), ("v", c.sketch.columns)):
        for lag in _LAGS:
            step = profiles[:, :, lag:] - profiles[:, :, :-lag]
            common = agreed(step)
            size = np.abs(common).mean(axis=1)
            found[f"stripes_{way}{lag}"] = size
            found[f"stripes_{way}{lag}_common"] = ratio(size, np.abs(step).mean(axis=(1, 2)), 0.25)
            if lag == 1:
                found[f"stripes_{way}_lines"] = (np.abs(common) > 8).mean(axis=1)
        found[f"stripes_{way}_tone"], found[f"stripes_{way}_pitch"] = _tone(profiles)
    found["stripes_slant"], found["stripes_slant_pitch"] = c.sketch.slant[:, 0], c.sketch.slant[:, 1]
    return {name: found[name] for name in MEASURES}


def _tone(profiles: Floats) -> tuple[Floats, Floats]:
    """Share and number of the strongest frequency (from the third on) of the common profile, its trend taken off."""
    common = agreed(profiles)
    step = common[:, 1:] - common[:, :-1]
    power = np.abs(np.fft.rfft(step * np.hanning(step.shape[1]).astype(np.float32), axis=1)) ** 2
    power[:, :3] = 0
    three = power[:, :-2] + power[:, 1:-1] + power[:, 2:]
    at = three.argmax(axis=1)
    share = three[np.arange(len(three)), at] / np.maximum(power.sum(axis=1), 1e-3)
    return np.asarray(share, np.float32), np.asarray(at + 1, np.float32)
