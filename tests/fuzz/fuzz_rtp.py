"""Coverage-guided: ``python tests/fuzz/fuzz_rtp.py -runs=2000000 tests/fuzz/corpus/rtp``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["camerahub.wire"]):
    from tests.fuzz import oracle_rtp

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-max_len=2048", *sys.argv[1:]], oracle_rtp.rtp)
    atheris.Fuzz()
