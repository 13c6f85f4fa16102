"""Floor 3: a virtual county on loopback that speaks real RTSP and breaks on demand."""
