"""GStreamer's RTSP server with pictures to look at, run with the system's Python (the bindings are Debian packages).

`gst_media.py PORT open|digest [PEM]` serves every mount of MOUNTS, over TLS with the certificate and key in PEM, until
its stdin ends. A line on stdin is answered with `SESSIONS TEARDOWNS PLAYS`: sessions in the pool now, requests so far.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402
from gst_server import guarded  # noqa: E402

SOURCE = "videotestsrc is-live=true pattern={} ! video/x-raw,format=I420,width={},height={},framerate=10/1"
SHORT = "speed-preset=ultrafast key-int-max=10"
H264 = "x264enc tune=zerolatency {} ! rtph264pay name=pay0 pt=96 config-interval=-1"
H265 = (
    "x265enc tune=zerolatency {} option-string=log-level=none ! rtph265pay name=pay0 pt=96 config-interval=-1"
)
JPEG = "jpegenc ! rtpjpegpay name=pay0 pt=26"
CARD = 'textoverlay text="NO SIGNAL" font-desc="Sans 32" valignment=center halignment=center'
PLAIN = H264.format(SHORT)
SOUND = "audiotestsrc is-live=true wave=silence ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay pt=8 name={}"


def video(
    encoded: str, pattern: str = "pinwheel", width: int = 640, height: int = 360, between: str = ""
) -> str:
    """A pipeline of one camera."""
    source = SOURCE.format(pattern, width, height)
    return " ! ".join(part for part in (source, between, encoded) if part)


#: Path -> pipelines of its streams, in the order of its description.
MOUNTS = {
    "h264": [video(PLAIN)],
    "h265": [video(H265.format(SHORT), width=704, height=576)],
    "jpeg": [video(JPEG, width=704, height=480)],
    "hd": [video(PLAIN, "pinwheel", 1920, 1080)],
    "snow": [video(PLAIN, "snow")],
    "black": [video(PLAIN, "black", 704, 576)],
    "blue": [video(PLAIN, "blue")],
    "card": [video(PLAIN, "solid-color foreground-color=0xff0000c0", 704, 576, CARD)],
    "bars": [video(PLAIN, "smpte75")],
    "udp": [video(PLAIN)],
    "late-sound": [video(PLAIN), SOUND.format("pay1")],
    "early-sound": [video(PLAIN).replace("pay0", "pay1"), SOUND.format("pay0")],
    "bframes": [
        video(
            "x264enc speed-preset=ultrafast bframes=3 b-adapt=false key-int-max=10 rc-lookahead=5"
            " ! rtph264pay name=pay0 pt=96"
        )
    ],
    "slices": [video(H264.format(f"{SHORT} option-string=slices=8"))],
    "sliced-threads": [video(H264.format(f"{SHORT} sliced-threads=true threads=4"), width=704, height=576)],
    "intra-refresh": [video(H264.format("speed-preset=ultrafast intra-refresh=true key-int-max=10"))],
    "sets-once": [video(PLAIN.replace(" config-interval=-1", ""))],
    "no-aggregation": [video(PLAIN + " aggregate-mode=none")],
    "aggregation": [video(PLAIN + " aggregate-mode=max-stap")],
    "small-packets": [video(PLAIN + " mtu=300")],
    "sound-only": [SOUND.format("pay0")],
}


def mount(
    path: str, pipelines: list[str], permissions: "GstRtspServer.RTSPPermissions | None", server
) -> None:  # type: ignore[no-untyped-def]
    """One camera at /path."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + "  ".join(pipelines) + " )")
    if path == "udp":
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if permissions is not None:
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(f"/{path}", factory)


def serve(port: str, kind: str, pem: str) -> None:
    """Until stdin ends."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    permissions = None
    auth = guarded(kind) if kind != "open" else GstRtspServer.RTSPAuth() if pem else None
    if auth is not None:
        server.set_auth(auth)
    if pem:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(pem))
    if kind != "open":
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    for path, pipelines in MOUNTS.items():
        mount(path, pipelines, permissions, server)
    counts = {"teardown": 0, "play": 0}

    def count(name: str) -> None:
        counts[name] += 1

    def welcome(_: object, client: "GstRtspServer.RTSPClient") -> None:
        client.connect("teardown-request", lambda *_: count("teardown"))
        client.connect("play-request", lambda *_: count("play"))

    server.connect("client-connected", welcome)
    server.attach(None)
    loop = GLib.MainLoop()

    def asked(*_: object) -> bool:
        if not sys.stdin.buffer.raw.read(4096):
            loop.quit()
            return False
        print(server.get_session_pool().get_n_sessions(), counts["teardown"], counts["play"], flush=True)
        return True

    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP, asked, None)
    loop.run()


if __name__ == "__main__":
    Gst.init(None)
    serve(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
