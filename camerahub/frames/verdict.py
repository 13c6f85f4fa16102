"""From the measures of a batch to severities: what was learned, and what is certain without learning.

One picture has normally one fault, so the kinds compete: each is weighed against ``healthy``, and a kind that is much
less likely than the likeliest does not count beside it. A card and a black picture are certain (``lit``) and rule the
rest out, for nothing else can be judged in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from camerahub.frames import lit
from camerahub.frames.forest import columns, loaded
from camerahub.frames.judgement import FAULT
from camerahub.frames.sketch import Floats

#: Read once, with the module: a decoder process may open no file later.
FOREST = loaded(Path(__file__).with_name("forest.npz"))
#: The kinds that are judged, in the order of the columns of ``severities``.
KINDS = FOREST.kinds[1:]
#: A kind counts beside the likeliest one when it is at least half as likely.
_RIVAL = 0.5
#: In a picture that is known to be of the night, darkness alone accuses this much less (log-odds).
_NIGHT_DARK = 2.0


def severities(measures: Mapping[str, Floats], night: Floats | None = None) -> Floats:
    """(N, kinds): severity 0..1 of each kind, 0.5 = fault. ``night`` (N,): 1 where the caller says that it is night."""
    scores = FOREST.scores(columns(measures, FOREST.measures))
    if night is not None:
        scores[:, FOREST.kinds.index("underexposed")] -= _NIGHT_DARK * night
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    faults = likely[:, 1:]
    against = faults / (faults + likely[:, :1])
    rival = np.minimum(faults / np.maximum(faults.max(axis=1, keepdims=True), 1e-30) / _RIVAL, 1)
    return _with_certain(measures, np.asarray(against * np.where(rival < 1, rival * FAULT, 1), np.float32))


def _with_certain(measures: Mapping[str, Floats], learned: Floats) -> Floats:
    rows = np.array([measures[name] for name in lit.LitMeasures._fields], np.float32).T
    for at in np.flatnonzero(lit.may_be_certain(rows)).tolist():
        known = lit.LitMeasures(*rows[at].tolist())
        card, black = lit.judge_no_signal(known).severity, lit.judge_black(known).severity
        if max(card, black) >= FAULT:
            learned[at] = 0
            learned[at, KINDS.index("no_signal" if card >= FAULT else "black")] = max(card, black)
    return learned
