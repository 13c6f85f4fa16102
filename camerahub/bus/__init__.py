"""Floor 2: how batches of results travel between processes."""
