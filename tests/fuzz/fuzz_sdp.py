"""Coverage-guided: ``python tests/fuzz/fuzz_sdp.py -runs=2000000 tests/fuzz/corpus/sdp``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["camerahub.wire"]):
    from tests.fuzz import oracle

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-max_len=4096", *sys.argv[1:]], oracle.sdp)
    atheris.Fuzz()
