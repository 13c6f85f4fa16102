"""GStreamer's RTSP server, run with the system's Python (the bindings are Debian packages).

`gst_server.py PORT open|basic|digest` serves /cam to everyone, or to user `admin`, password `right one`.
`gst_server.py clip FILE` writes two seconds of H.264 in MP4.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

SOURCE = (
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=5/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 ! rtph264pay name=pay0 pt=96"
)
CLIP = (
    "videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=25/1 "
    "! x264enc ! mp4mux ! filesink location="
)
USER, PASSWORD = "admin", "right one"


def guarded(kind: str) -> GstRtspServer.RTSPAuth:
    """Access for USER only, by one scheme."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if kind == "basic":
        auth.set_supported_methods(0x1)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    else:
        auth.set_supported_methods(0x2)
        auth.add_digest(USER, PASSWORD, token)
    return auth


def serve(port: str, kind: str) -> None:
    """Until killed."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {SOURCE} )")
    if kind != "open":
        server.set_auth(guarded(kind))
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    GLib.MainLoop().run()


def clip(path: str) -> None:
    """Write the clip and wait for its end."""
    pipeline = Gst.parse_launch(CLIP + path)
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_bus().timed_pop_filtered(30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    Gst.init(None)
    if sys.argv[1] == "clip":
        clip(sys.argv[2])
    else:
        serve(sys.argv[1], sys.argv[2])
