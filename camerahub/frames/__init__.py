"""Floor 2, pure: what a picture shows of the camera that took it. Arrays in, measures and judgements out."""
