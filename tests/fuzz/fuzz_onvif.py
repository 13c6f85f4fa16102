"""Coverage-guided: ``python tests/fuzz/fuzz_onvif.py -runs=500000 tests/fuzz/corpus/onvif``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["camerahub.wire"]):
    from tests.fuzz import oracle_onvif

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-max_len=4096", *sys.argv[1:]], oracle_onvif.run)
    atheris.Fuzz()
