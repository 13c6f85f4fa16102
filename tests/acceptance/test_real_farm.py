"""The farm before peers nobody here wrote: FFmpeg's and GStreamer's RTSP readers, and Node's ONVIF client.

If they take its pictures and its service for a camera's, so may the prober.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from camerahub.farm.files import truth_rows
from camerahub.farm.handle import Farm, start_county
from camerahub.farm.kinds import KINDS
from camerahub.farm.model import Camera
from camerahub.farm.world import clip_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SIZES = {"main": (1920, 1080), "sub": (704, 576), "sub-slices": (640, 360)}
CLIPS = (
    "main-h264", "main-h265", "main-night", "sub-h264", "sub-h265", "sub-night", "sub-slices", "sub-mjpeg",
)  # fmt: skip


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with start_county(cameras=300, townships=3, mix={"healthy": 9, "tls": 1}, media=True) as running:
        yield running


def with_login(farm: Farm, camera: Camera, sub: bool) -> str:
    url = farm.county.url(camera, camera.sub_path if sub else None)
    login = f"{quote(camera.username)}:{quote(camera.password, safe='')}@" if camera.username else ""
    return url.replace("://", f"://{login}")


def showing(farm: Farm, clip: str, maker: str, kind: str = "healthy") -> str:
    """Address of a camera of ``maker`` that shows ``clip``, with a login that FFmpeg and GStreamer know."""
    return next(
        with_login(farm, camera, clip.startswith("sub"))
        for camera in farm.county.cameras
        if (camera.kind, camera.maker) == (kind, maker)
        and camera.scheme in ("md5", "md5_old", "open")
        and clip_of(camera, KINDS[camera.kind], clip.startswith("sub")) == clip
    )


@pytest.mark.parametrize("maker", ["hikvision", "dahua", "uniview"])
@pytest.mark.parametrize("clip", CLIPS)
def test_ffmpeg_decodes_a_whole_group_of_pictures(farm: Farm, clip: str, maker: str) -> None:
    options = {"rtsp_transport": "tcp"}
    with av.open(showing(farm, clip, maker), options=options, timeout=10) as container:
        frames = []
        for frame in container.decode(video=0):
            frames.append(frame)
            if len(frames) == 30:
                break
    assert {(frame.width, frame.height) for frame in frames} == {
        SIZES.get(clip) or SIZES[clip[:4].rstrip("-")]
    }
    assert not any(frame.is_corrupt for frame in frames)
    assert min(float(frame.to_ndarray(format="gray").std()) for frame in frames) > 20


def test_ffmpeg_decodes_what_comes_inside_tls(farm: Farm) -> None:
    url = showing(farm, "sub-h264", "hikvision", "tls")
    with av.open(url, options={"rtsp_transport": "tcp", "tls_verify": "0"}, timeout=10) as container:
        assert next(container.decode(video=0)).width == 704


@pytest.mark.real
@pytest.mark.parametrize("clip", CLIPS)
def test_gstreamer_decodes_pictures(farm: Farm, clip: str) -> None:
    codec = {"h265": "h265", "mjpeg": "jpeg"}.get(clip.partition("-")[2], "h264")
    decoder = {"h264": "avdec_h264", "h265": "avdec_h265", "jpeg": "jpegdec"}[codec]
    if subprocess.run(["gst-inspect-1.0", "--exists", decoder], check=False).returncode:
        decoder = "identity"  # without a decoder here: the payloads are put together all the same
    chain = f"rtp{codec}depay ! {f'{codec}parse !' if codec != 'jpeg' else ''} {decoder} ! fakesink num-buffers=10"
    source = f"rtspsrc location={showing(farm, clip, 'dahua')} protocols=tcp latency=0"
    done = subprocess.run(
        ["gst-launch-1.0", "-q", *f"{source} ! {chain}".split()], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.real
def test_ffprobe_knows_the_stream(farm: Farm) -> None:
    words = ["-v", "error", "-rtsp_transport", "tcp", "-select_streams", "v", "-of", "json", "-show_streams"]
    done = subprocess.run(
        ["ffprobe", *words, showing(farm, "sub-h265", "uniview")], capture_output=True, timeout=60, check=True
    )
    stream = json.loads(done.stdout)["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("hevc", 704, 576)


CLIENT = """
const {Cam} = require('onvif'), [hostname, port, username, password] = process.argv.slice(2);
const cam = new Cam({hostname, port, username, password, timeout: 9000}, (error) => {
  if (error) { console.error(error); process.exit(1); }
  cam.getDeviceInformation((e1, device) => cam.getProfiles((e2, profiles) =>
    cam.getStreamUri({protocol: 'RTSP', profileToken: profiles[0].$.token}, (e3, stream) =>
      cam.getSnapshotUri({profileToken: profiles[0].$.token}, (e4, snapshot) => {
        console.log(JSON.stringify({errors: [e1, e2, e3, e4].filter(Boolean).map(String), device,
          tokens: profiles.map(p => p.$.token), uri: stream.uri, snapshot: snapshot.uri}));
      }))));
});
"""


@pytest.fixture(scope="module")
def node(pytestconfig: pytest.Config) -> Path:
    """The npm package, made once per cache folder."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("npm-onvif")
    if not (folder / "node_modules" / "onvif").exists():
        words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "onvif@0.8.3"]
        subprocess.run(["npm", *words], cwd=folder, check=True, timeout=200)
    (folder / "client.js").write_text(CLIENT, "utf-8")
    return folder


@pytest.mark.real
@pytest.mark.parametrize("maker", ["hikvision", "dahua", "uniview"])
def test_the_onvif_client_of_node_takes_it_for_a_camera(farm: Farm, node: Path, maker: str) -> None:
    truth = {row["code"]: row["onvif"] for row in truth_rows(farm.county)}
    camera = next(
        c
        for c in farm.county.cameras
        if truth[c.code] and c.maker == maker and c.username and c.kind == "healthy"
    )
    program = shutil.which("node")
    assert program, "node is missing"
    done = subprocess.run(
        [program, "client.js", camera.host, str(farm.ports.onvif), camera.username, camera.password],
        cwd=node,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    said, facts = json.loads(done.stdout), truth[camera.code]
    assert said["errors"] == []
    assert said["device"]["manufacturer"] == facts["maker"]
    assert said["device"]["model"] == facts["model"]
    assert said["device"]["firmwareVersion"] == facts["firmware"]
    assert said["device"]["serialNumber"] == facts["serial"]
    assert said["tokens"] == ["ch1_main", "ch1_sub"]
    assert said["uri"] == farm.county.url(camera)
    assert said["snapshot"].endswith("/onvif/snapshot?channel=1")
