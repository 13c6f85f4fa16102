"""``python -m tests.acceptance.peers.require``: fail, naming what is missing, before any real-peer test is run."""

from __future__ import annotations

import shutil
import subprocess
import sys

PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "gst-launch-1.0": "gstreamer1.0-tools",
    "ffmpeg": "ffmpeg",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
    "soffice": "libreoffice-calc",
    "pdftotext": "poppler-utils",
    "fc-list": "fontconfig",
}
#: Elements of the pipelines in ``gst_media.py`` that stand for the package they come in.
ELEMENTS = {
    "videotestsrc": "gstreamer1.0-plugins-base",
    "rtph264pay": "gstreamer1.0-plugins-good",
    "x265enc": "gstreamer1.0-plugins-bad",
    "x264enc": "gstreamer1.0-plugins-ugly",
    "textoverlay": "gstreamer1.0-x",
}
TLS = "from gi.repository import Gio; assert Gio.TlsBackend.get_default().supports_tls()"
GST = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def missing() -> list[str]:
    """Debian packages that are not there."""
    lost = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if "gstreamer1.0-tools" not in lost:
        lost += [
            package for element, package in ELEMENTS.items() if _fails("gst-inspect-1.0", "--exists", element)
        ]
    if _fails("/usr/bin/python3", "-c", GST):
        lost.append("python3-gi gir1.2-gst-rtsp-server-1.0")
    elif _fails("/usr/bin/python3", "-c", TLS):
        lost.append("glib-networking")
    if _fails(sys.executable, "-c", "from camerahub.reports.pdf import ready; ready()"):
        lost.append("libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk")
    return lost


def _fails(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


if __name__ == "__main__":
    lost = missing()
    if lost:
        sys.exit(f"real peers are missing: apt-get install --no-install-recommends {' '.join(lost)}")
    print("real peers: all there")
