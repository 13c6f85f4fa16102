"""Floor 1: pure rules. numpy and the standard library; no clock, no I/O, no logging."""
