"""Floor 2: metric families and logs."""
