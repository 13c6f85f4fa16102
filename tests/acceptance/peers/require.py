"""``python -m tests.acceptance.peers.require``: fail, naming what is missing, before any real-peer test is run."""

from __future__ import annotations

import shutil
import subprocess
import sys

PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "gst-launch-1.0": "gstreamer1.0-tools",
    "ffmpeg": "ffmpeg",
    "node": "nodejs",
    "npm": "npm",
}
GST = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def missing() -> list[str]:
    """Debian packages that are not there."""
    lost = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if subprocess.run(["/usr/bin/python3", "-c", GST], capture_output=True, check=False).returncode:
        lost.append("python3-gi gir1.2-gst-rtsp-server-1.0")
    return lost


if __name__ == "__main__":
    lost = missing()
    if lost:
        sys.exit(f"real peers are missing: apt-get install --no-install-recommends {' '.join(lost)}")
    print("real peers: all there")
