"""What lies in the middle of five: the fifths of a picture, or five of its rows, are asked what they agree on.

It exists because sorting five numbers a million times is slow, and comparing whole planes of them is not.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=NDArray[Any])


def middle(line: T) -> tuple[T, T, T]:
    """The second, third and fourth in order of five (5, ...): a network of comparisons. ``line`` is used up."""
    a, b, c, d, e = line
    spare = np.empty_like(a)
    # the least of five is not asked for, nor is the greatest
    a, d, spare = _compared(a, d, spare)
    b, e, spare = _compared(b, e, spare)
    a, c, spare = _compared(a, c, spare)
    b, d, spare = _compared(b, d, spare)
    np.maximum(a, b, out=b)
    c, e, spare = _compared(c, e, spare)
    np.minimum(d, e, out=d)
    b, c, spare = _compared(b, c, spare)
    c, d, spare = _compared(c, d, spare)
    return b, c, d


def _compared(a: Any, b: Any, spare: Any) -> tuple[Any, Any, Any]:
    """The lower, the higher and a spare one; in the cache's own memory, where new memory costs more than comparing."""
    np.minimum(a, b, out=spare)
    np.maximum(a, b, out=b)
    return spare, b, a
