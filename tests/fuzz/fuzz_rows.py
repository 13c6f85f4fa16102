"""Coverage-guided: ``python tests/fuzz/fuzz_rows.py -runs=1000000 tests/fuzz/corpus/rows``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["camerahub.registry.tablefile", "camerahub.core.address"]):
    from tests.fuzz import oracle_files

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-max_len=1024", *sys.argv[1:]], oracle_files.rows)
    atheris.Fuzz()
