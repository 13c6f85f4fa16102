"""The examiner of the eye: real pictures made faulty in graded, physically different ways, and a scorer.

Pictures are read where they lie and never copied into the repository (``sources``, ``manifest.toml``). What the judge
of ``frames`` gets is an item as a camera would send it: scene, lens, sensor, name and clock, codec, in that order.

    python -m benchmarks.eye.sources                                    fetch pictures of packages, check their hashes
    python -m benchmarks.eye.make_items --seed 1 --out DIR --per-kind 20 --split dev|held [--held FOLD]
    python -m benchmarks.eye.ours --items DIR/items.jsonl --out DIR/ours.jsonl
    python -m benchmarks.eye.baselines --items DIR/items.jsonl --out DIR
    python -m benchmarks.eye.score --truth DIR/truth.jsonl --answers DIR/ours.jsonl --ways
    python -m benchmarks.eye.sheet DIR OUT.png --kind blur              what the items look like
    python -m benchmarks.eye.wall OUT.png                               the wall of the README, of drawn scenes
    python -m benchmarks.eye.clock                                      a day of 1,000 cameras under the real fold
    python -m benchmarks.bench_eye                                      cost and accuracy beside the baselines

A kind's ways are lines of ``faults.FAULTS``; made light and weather are lines of ``light.CONDITIONS``.
"""
