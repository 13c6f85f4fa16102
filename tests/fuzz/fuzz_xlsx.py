"""Coverage-guided, the members of the container mutated: ``fuzz_xlsx.py -runs=20000 tests/fuzz/corpus/xlsx``."""

from __future__ import annotations

import random
import sys

import atheris

with atheris.instrument_imports(include=["camerahub.registry.tablefile"]):
    from tests.fuzz import containers, oracle_files


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """One mutation: mostly inside a member, sometimes of the raw container."""
    return containers.mutate(data, max_size, random.Random(seed), atheris.Mutate)


if __name__ == "__main__":
    options = {"custom_mutator": mutate}
    atheris.Setup([sys.argv[0], "-max_len=65536", *sys.argv[1:]], oracle_files.table, **options)
    atheris.Fuzz()
