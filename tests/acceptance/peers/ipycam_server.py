"""ipycam's own ONVIF on loopback only: ``python ipycam_server.py PORT [USER PASSWORD]``, in an environment that has it.

The package would open RTSP and discovery on every interface; its HTTP handler and its ONVIF service are what is wanted
here, unchanged. WS-Discovery questions on the same UDP port get the answer its discovery server would give.
"""

from __future__ import annotations

import http.server
import re
import socket
import sys
import threading
from types import SimpleNamespace

from ipycam import CameraConfig, IPCameraHTTPHandler, ONVIFService


def discovery(port: int, service: ONVIFService) -> None:
    """Answer every datagram as ``ipycam.discovery`` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        while True:
            datagram, client = sock.recvfrom(65535)
            found = re.search(r"MessageID>(.+?)</", datagram.decode())
            sock.sendto(service.create_probe_match(found[1] if found else "").encode(), client)


def main(port: int, user: str, password: str) -> None:
    """Serve until killed."""
    config = CameraConfig(local_ip="127.0.0.1", onvif_port=port, username=user, password=password)
    service = ONVIFService(config)
    IPCameraHTTPHandler.camera = SimpleNamespace(config=config, onvif=service)
    threading.Thread(target=discovery, args=(port, service), daemon=True).start()
    http.server.ThreadingHTTPServer(("127.0.0.1", port), IPCameraHTTPHandler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *(sys.argv[2:4] or ("", "")))
