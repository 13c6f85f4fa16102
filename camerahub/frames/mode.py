"""Day, night in colour, or infrared: seen from the picture itself, for cameras do not say and clocks are wrong."""

from __future__ import annotations

from collections.abc import Mapping

from camerahub.frames.sketch import Floats

#: Chroma that 98 % of an infrared picture do not exceed where no text is: JPEG and H.264 at low rates leave a little.
_GREY = 5.0
#: A night is dark in most places, and most of its light is in few.
_DARK_MID, _DARK_SHARE = 70.0, 0.4


def modes(measures: Mapping[str, Floats]) -> list[str]:
    """``day``, ``night`` or ``infrared`` for each of the N pictures measured."""
    infrared = measures["colour_inner"] <= _GREY
    night = (measures["light_mid"] < _DARK_MID) & (measures["under_dark"] > _DARK_SHARE)
    both = zip(infrared.tolist(), night.tolist(), strict=True)
    return ["infrared" if grey else "night" if dark else "day" for grey, dark in both]
