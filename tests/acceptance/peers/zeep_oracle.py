"""What onvif-zeep-async hears of a camera, as JSON: ``python zeep_oracle.py PORT [USER PASSWORD]``."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from onvif import ONVIFCamera


async def ask(port: int, user: str, password: str) -> dict[str, Any]:
    """The answers to the seven calls, in plain values."""
    camera = ONVIFCamera("127.0.0.1", port, user, password)
    await camera.update_xaddrs()
    device = await camera.create_devicemgmt_service()
    media = await camera.create_media_service()
    time = await device.GetSystemDateAndTime()
    info = await device.GetDeviceInformation()
    services = await device.GetServices({"IncludeCapability": False})
    capabilities = await device.GetCapabilities({"Category": "All"})
    profiles = []
    for profile in await media.GetProfiles():
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        stream = await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": profile.token})
        picture = await media.GetSnapshotUri({"ProfileToken": profile.token})
        video = profile.VideoEncoderConfiguration
        profiles.append(
            [
                profile.token,
                profile.Name,
                profile.VideoSourceConfiguration.SourceToken,
                video.Encoding,
                video.Resolution.Width,
                video.Resolution.Height,
                video.RateControl.FrameRateLimit,
                video.RateControl.BitrateLimit,
                stream.Uri,
                picture.Uri,
            ]
        )
    utc = time.UTCDateTime
    moment = [utc.Date.Year, utc.Date.Month, utc.Date.Day, utc.Time.Hour, utc.Time.Minute, utc.Time.Second]
    await camera.close()
    return {
        "time": moment,
        "zone": time.TimeZone.TZ,
        "source": time.DateTimeType,
        "device": [info.Manufacturer, info.Model, info.FirmwareVersion, info.SerialNumber, info.HardwareId],
        "services": [[s.Namespace, s.XAddr, f"{s.Version.Major}.{s.Version.Minor:02d}"] for s in services],
        "media": capabilities.Media.XAddr,
        "profiles": profiles,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(int(sys.argv[1]), *(sys.argv[2:4] or ("", ""))))))
