"""The door of the room: what it promises whoever asks."""

import numpy as np
import pytest

from camerahub.frames.diagnosis import diagnose
from camerahub.frames.picture import from_bgr


def _grey(value: int) -> object:
    return from_bgr(np.full((360, 640, 3), value, np.uint8), 640, 360)


def test_a_black_picture_is_a_fault_named_black() -> None:
    found = diagnose([_grey(0)])
    assert (found.verdict, found.faults) == ("fault", ("black",))


@pytest.mark.parametrize(("pictures", "mode"), [(0, "auto"), (1, "dusk")])
def test_no_picture_and_an_unknown_mode_are_refused(pictures: int, mode: str) -> None:
    with pytest.raises(ValueError, match="expected one or more"):
        diagnose([_grey(128)] * pictures, mode=mode)
