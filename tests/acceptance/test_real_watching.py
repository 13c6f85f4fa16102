"""The whole chain, with servers nobody here wrote: hub, TLS and token, Prometheus, rules, Alertmanager, who is on duty.

A switch dies in the farm: one message, that names the township. Meanwhile every panel of every dashboard is answered
with the labels its legend and its links name. The switch comes back: one message.
"""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from camerahub.farm.model import Camera
from tests.acceptance.county import Hub, Office, office, until
from tests.acceptance.watching import Watch, watching
from tests.dashboards.reading import Ask, asks, boards, filled, links

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

TOKEN = "Planted-watch-1"
CONFIG = """[web]
port = 0
tls_cert = "hub.pem"
tls_key = "hub.key"
token_file = "token"
[fleet]
interval_s = 2.0
deadline_s = 1.8
confirm_s = 1.0
subnet_seats = 64
probers = 1
picture_interval_s = 8.0
picture_deadline_s = 6.0
picture_confirm_s = 2.0
picture_mbps = 0.0
reference_s = 1.0
reference_deadline_s = 0.9
[guard]
pace_per_s = 200.0
[[uplinks]]
name = "east"
references = ["tcp://127.0.0.1:{port}"]
"""


@dataclass
class County:
    place: Office
    hub: Hub
    watch: Watch

    def switch(self) -> list[Camera]:
        """The healthy cameras of one township and network, ten or some more of them: behind one switch."""
        groups: dict[tuple[str, str], list[Camera]] = {}
        for camera in self.place.farm.county.cameras:
            if camera.kind == "healthy" and camera.host and self.place.truth().get(camera.code):
                groups.setdefault((camera.township, camera.network), []).append(camera)
        return min((group for group in groups.values() if len(group) >= 10), key=len)

    def turn(self, cameras: list[Camera], kind: str) -> None:
        for camera in cameras:
            self.place.farm.set(camera.code, kind)


def furnish(home: Path, port: int) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", "hub.key", "-out", "hub.pem", "-days", "1", "-subj", "/CN=hub",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=home, check=True, capture_output=True,
    )  # fmt: skip
    (home / "hub.key").chmod(0o600)
    (home / "token").write_text(TOKEN, "ascii")
    (home / "token").chmod(0o600)
    (home / "camerahub.toml").write_text(CONFIG.replace("{port}", str(port)), "utf-8")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("watch")
    with office(folder, cameras=160, townships=3, media=True) as place:
        furnish(place.home, place.farm.ports.serve)
        with place.hub() as hub, watching(folder, hub.url, TOKEN, place.home / "hub.pem") as watch:
            made = County(place, hub, watch)
            until(lambda: settled(made), 150)
            yield made


def value(watch: Watch, expr: str) -> float:
    found = watch.query(expr)
    return float(found[0]["value"][1]) if found else float("nan")


def settled(county: County) -> bool:
    """Nearly all that can be known is known, faults of pictures among it."""
    unknown = value(county.watch, 'sum(camerahub_cameras_unknown{facet="online"})')
    return unknown <= 3 and value(county.watch, "sum(camerahub_picture_faults)") >= 1


def test_a_dead_switch_is_one_message_that_names_it_and_one_when_it_is_back(county: County) -> None:
    cameras, duty = county.switch(), county.watch.duty
    assert not duty.told("CamerahubCamerasLost", "firing")
    county.turn(cameras, "dead")
    until(lambda: bool(duty.told("CamerahubCamerasLost", "firing")), 60)
    message = duty.told("CamerahubCamerasLost", "firing")[0]
    code, network = cameras[0].township, cameras[0].network
    assert message["groupLabels"] == {"alertname": "CamerahubCamerasLost", "township": code}
    [alert] = message["alerts"]
    names = {row.code: row.name for row in county.place.farm.county.areas}
    assert alert["labels"]["network"] == network
    assert alert["annotations"]["summary"].startswith(f"{names[code]} {network} 网新掉线 ")
    link = f"{county.hub.url}/cameras?township={code}&facet=online&state=down"
    assert link in alert["annotations"]["description"]
    county.turn(cameras, "healthy")
    until(lambda: bool(duty.told("CamerahubCamerasLost", "resolved")), 60)
    for status in ("firing", "resolved"):
        assert [m["groupLabels"]["township"] for m in duty.told("CamerahubCamerasLost", status)] == [code]


def test_a_county_that_is_watched_is_not_called_blind_or_gone(county: County) -> None:
    wrong = {
        "CamerahubHubDown", "CamerahubFiguresStale", "CamerahubCommitFailures", "CamerahubCountyBlind",
        "CamerahubUplinkBlind", "CamerahubReloadFailed", "CamerahubProberMissing", "CamerahubCountyLost",
    }  # fmt: skip
    assert not wrong & {m["groupLabels"]["alertname"] for m in county.watch.duty.messages}
    assert value(county.watch, 'max(camerahub_prober_blind{uplink="east"})') == 0


def answered(watch: Watch, ask: Ask) -> list[dict[str, Any]]:
    expr = filled(ask.expr, ago="5s", __rate_interval="10s")
    if ask.instant:
        return watch.query(expr)
    now = dt.datetime.now(dt.UTC).timestamp()
    return list(watch.ask("query_range", query=expr, start=now - 10, end=now, step=2)["result"])


@pytest.fixture(scope="module")
def outage(county: County) -> Iterator[County]:
    cameras = county.switch()
    county.turn(cameras, "dead")
    until(lambda: "CamerahubCamerasLost" in county.watch.firing(), 60)
    yield county
    county.turn(cameras, "healthy")


@pytest.mark.parametrize("ask", asks(), ids=lambda ask: f"{ask.board} {ask.panel} {ask.ref}")
def test_every_panel_is_answered_with_the_labels_it_names(outage: County, ask: Ask) -> None:
    found = answered(outage.watch, ask)
    assert found, ask.expr
    for series in found:
        assert ask.wants <= series["metric"].keys()
        points = series["values"] if "values" in series else [series["value"]]
        assert any(point[1] != "NaN" for point in points) or "quantile" in ask.expr


def test_townships_are_told_by_name(outage: County) -> None:
    [ask] = [a for a in asks() if (a.board, a.ref) == ("townships.json", "A") and a.panel == "乡镇排名"]
    names = {series["metric"]["name"] for series in answered(outage.watch, ask)}
    areas = outage.place.farm.county.areas
    assert names == {area.name for area in areas if area.level in ("township", "county")}


def test_a_scrape_without_the_token_is_refused(county: County) -> None:
    [target] = county.watch.ask("targets")["activeTargets"]
    assert (target["health"], target["scrapeUrl"]) == ("up", f"{county.hub.url}/metrics")
    trust = ssl.create_default_context(cafile=str(county.place.home / "hub.pem"))
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"{county.hub.url}/metrics", timeout=10, context=trust)
    refused.value.close()


@pytest.mark.parametrize("url", sorted({url for board in boards().values() for url in links(board)}))
def test_links_of_panels_are_understood_by_the_list_page(county: County, url: str) -> None:
    camera = county.switch()[0]
    filling = {
        "${hub}": county.hub.url,
        "$facet": "lit",
        "${__data.fields.类别}": "blur",
        "${__field.labels.kind}": "black",
    }
    filling |= dict.fromkeys(("${__data.fields.代码}", "${__field.labels.township}"), camera.township)
    for name, given in filling.items():
        url = url.replace(name, given)
    assert "$" not in url
    trust = ssl.create_default_context(cafile=str(county.place.home / "hub.pem"))
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=10, context=trust) as answer:
        assert answer.status == 200
        assert "text/html" in answer.headers["Content-Type"]
