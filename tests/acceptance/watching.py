"""Prometheus and Alertmanager of Debian, with the files a county copies, only quicker; and somebody who listens."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.county import until

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
#: Seconds: of a scrape and an evaluation, and of what Alertmanager waits for.
QUICK_S = 1


@dataclass
class Duty:
    """The duty officer's webhook: every message that came, oldest first."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def told(self, alert: str, status: str) -> list[dict[str, Any]]:
        """Messages of one status about one alert."""
        return [
            m for m in self.messages if m["status"] == status and m["groupLabels"].get("alertname") == alert
        ]


@contextmanager
def on_duty() -> Iterator[Duty]:
    """Listens on loopback."""
    duty = Duty()

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers["Content-Length"]), 1 << 20))
            duty.messages.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hear)
    duty.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield duty
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Watch:
    """A running Prometheus, asked over its API."""

    url: str
    duty: Duty

    def ask(self, path: str, **words: object) -> Any:
        """The ``data`` of an answer; AssertionError with what Prometheus says."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(words)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{words}: {error.read().decode()}") from None

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The vector an expression gives now."""
        return list(self.ask("query", query=expr)["result"])

    def firing(self) -> set[str]:
        """Names of the alerts that fire."""
        return {s["metric"]["alertname"] for s in self.query('ALERTS{alertstate="firing"}')}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(ready: str, *command: str, cwd: Path) -> Iterator[None]:
    """A server until it is left; ready when ``ready`` answers."""
    with (cwd / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: process.poll() is not None or _answers(ready), 30)
        assert process.poll() is None, (cwd / f"{command[0]}.log").read_text("utf-8")
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _quick_rules(text: str) -> str:
    """Only the waiting is shorter: what is asked stays as it is."""
    return re.sub(r"^( +for): \S+$", rf"\1: {QUICK_S}s", text, flags=re.MULTILINE)


def _prometheus_files(
    folder: Path, hub: str, token: str, certificate: Path | None, alertmanager: int
) -> None:
    shutil.copytree(CONFIGS / "prometheus", folder, dirs_exist_ok=True)
    path = folder / "prometheus.yml"
    config = yaml.safe_load(path.read_text("utf-8"))
    scheme, _, target = hub.partition("://")
    job = config["scrape_configs"][0]
    job["static_configs"], job["scheme"] = [{"targets": [target]}], scheme
    if certificate is None:
        del job["authorization"], job["tls_config"]
    else:
        shutil.copy(certificate, folder / "camerahub-ca.pem")
        (folder / "camerahub.token").write_text(token, "ascii")
    config["global"] |= {"scrape_interval": f"{QUICK_S}s", "evaluation_interval": f"{QUICK_S}s"}
    config["global"]["external_labels"]["hub"] = hub
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{alertmanager}"]}]
    path.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    for rules in folder.glob("camerahub-*.yml"):
        rules.write_text(_quick_rules(rules.read_text("utf-8")), "utf-8")


def _alertmanager_files(folder: Path, duty: Duty) -> None:
    shutil.copytree(CONFIGS / "alertmanager", folder, dirs_exist_ok=True)
    path = folder / "alertmanager.yml"
    config = yaml.safe_load(path.read_text("utf-8"))
    config["receivers"][0]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{duty.port}/alerts"
    for route in (config["route"], *config["route"]["routes"]):
        route |= {name: f"{QUICK_S}s" for name in ("group_wait", "group_interval") if name in route}
    path.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")


@contextmanager
def watching(folder: Path, hub: str, token: str = "", certificate: Path | None = None) -> Iterator[Watch]:
    """A hub at ``hub`` (http or https, without a path) watched as a county would, but quickly."""
    port, other = _free_port(), _free_port()
    with ExitStack() as stack:
        duty = stack.enter_context(on_duty())
        prometheus, alertmanager = folder / "prometheus", folder / "alertmanager"
        _prometheus_files(prometheus, hub, token, certificate, other)
        _alertmanager_files(alertmanager, duty)
        stack.enter_context(
            _running(
                f"http://127.0.0.1:{other}/-/ready", "prometheus-alertmanager",
                "--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{other}", cwd=alertmanager,
            )
        )  # fmt: skip
        stack.enter_context(
            _running(
                f"http://127.0.0.1:{port}/-/ready", "prometheus",
                "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                f"--web.listen-address=127.0.0.1:{port}", cwd=prometheus,
            )
        )  # fmt: skip
        yield Watch(f"http://127.0.0.1:{port}", duty)
