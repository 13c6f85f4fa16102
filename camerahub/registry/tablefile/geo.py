"""Chinese map coordinates to WGS-84.

GCJ-02 and BD-09 are published nowhere; the polynomials are the ones in common use (eviltransform and many others),
inverted by iteration: the result is within a metre of the true point. WGS-84 and CGCS2000 are equal for this use.
"""

from __future__ import annotations

from math import atan2, cos, pi, sin, sqrt

CRS = ("wgs84", "cgcs2000", "gcj02", "bd09")
_A, _EE = 6378245.0, 0.00669342162296594323
_X_PI = pi * 3000.0 / 180.0


def to_wgs84(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Degrees in ``crs`` to degrees WGS-84, rounded to 7 decimals (a centimetre)."""
    if crs == "bd09":
        lon, lat = _bd09_to_gcj02(lon, lat)
    if crs in ("bd09", "gcj02"):
        lon, lat = _gcj02_to_wgs84(lon, lat)
    return round(lon, 7), round(lat, 7)


def _bd09_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    z = sqrt(x * x + y * y) - 0.00002 * sin(y * _X_PI)
    theta = atan2(y, x) - 0.000003 * cos(x * _X_PI)
    return z * cos(theta), z * sin(theta)


def _gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon, lat
    for _ in range(3):
        dx, dy = _shift(x, y)
        x, y = lon - dx, lat - dy
    return x, y


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """What GCJ-02 adds to a WGS-84 point, degrees."""
    x, y = lon - 105.0, lat - 35.0
    waves = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves
    d_lat += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    d_lat += (160.0 * sin(y / 12.0 * pi) + 320 * sin(y * pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves
    d_lon += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    d_lon += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = lat / 180.0 * pi
    magic = 1 - _EE * sin(radians) ** 2
    root = sqrt(magic)
    d_lat = d_lat * 180.0 / (_A * (1 - _EE) / (magic * root) * pi)
    return d_lon * 180.0 / (_A / root * cos(radians) * pi), d_lat
