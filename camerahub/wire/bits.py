"""Bits of a NAL unit (ITU-T H.264 and H.265, sections 7.2, 7.3.1 and 9.1/9.2): fixed fields and Exp-Golomb codes.

Only the first bytes of headers are ever read this way; coded picture data never is.
"""

from __future__ import annotations


class BitsError(ValueError):
    """The bytes end inside a field, or a code is longer than the standards allow (32 bits)."""


class Bits:
    """Reads ``data`` from its first bit on. Emulation prevention bytes (7.4.1: 00 00 03) are taken out first."""

    __slots__ = ("_left", "_value")

    def __init__(self, data: bytes) -> None:
        if b"\0\0\3" in data:
            data = data.replace(b"\0\0\3", b"\0\0")
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        """The next ``count`` bits as a number. Raises ``BitsError`` at the end."""
        left = self._left - count
        if left < 0:
            raise BitsError("the header is cut")
        self._left = left
        return self._value >> left & (1 << count) - 1

    def exp_golomb(self) -> int:
        """The next ue(v), 0..2**32-2. Raises ``BitsError``."""
        rest = self._value & (1 << self._left) - 1
        zeros = self._left - rest.bit_length()
        if zeros > 31 or not rest:
            raise BitsError("a code is too long")
        self._left -= zeros
        return self.take(zeros + 1) - 1
