"""The examiner of the eye: real pictures made faulty in graded, physically different ways, and a scorer.

Pictures are read where they lie and never copied into the repository (``sources``, ``manifest.toml``). What the judge
of ``frames`` gets is an item as a camera would send it: scene, lens, sensor, name and clock, codec, in that order.
"""
