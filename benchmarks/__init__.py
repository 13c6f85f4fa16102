"""Measurements of us beside a peer, in the same run."""
