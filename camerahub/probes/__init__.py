"""Floor 3: the only place that dials a camera."""
