"""Which kinds of picture fault are judged where one picture comes at a time."""

from __future__ import annotations

from camerahub.core.result import FAULT_KINDS

#: A camera shakes between pictures of one moment; a look of the fleet is one picture.
NOT_YET = frozenset({"shake"})
JUDGED = frozenset(FAULT_KINDS) - NOT_YET
