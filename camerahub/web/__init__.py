"""Floor 5: what is served over HTTP."""
