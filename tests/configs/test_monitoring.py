"""The rules, routes and provisioning that a county copies: they name what exists and say it in Chinese."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from camerahub.config import Figures
from camerahub.core.result import FAULT_KINDS
from camerahub.core.texts import CATALOGUE
from camerahub.telemetry.families import FAMILIES
from tests.dashboards.reading import ROOT, families, matched

CONFIGS = ROOT / "configs"
HERE = Path(__file__).parent
#: What Prometheus itself has.
OWN = {"up", "ALERTS"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in read(CONFIGS / "prometheus" / name)["groups"] for rule in group["rules"]]


RECORDS = {rule["record"]: rule for rule in rules("camerahub-rates.yml")}
ALERTS = {rule["alert"]: rule for rule in rules("camerahub-alerts.yml")}


@pytest.mark.parametrize("name", [*RECORDS, *ALERTS])
def test_every_rule_names_what_is_exported(name: str) -> None:
    expr = {**RECORDS, **ALERTS}[name]["expr"]
    assert families(expr) <= FAMILIES.keys() | RECORDS.keys() | OWN
    for family, label, value in matched(expr):
        assert family not in FAMILIES or label in FAMILIES[family].labels, (family, label)
        assert label != "job" or value == "camerahub"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_in_chinese_what_is_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    for told in ("summary", "description"):
        assert len(re.findall(r"[一-鿿]", alert["annotations"][told])) >= 4
    for link in re.findall(r"cameras\?\S+", alert["annotations"]["description"]):
        assert re.fullmatch(r"cameras\?((township|facet|state|reason)=[^&]+&?)+", re.sub(r"\s", "", link))


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_its_row(name: str) -> None:
    row = rf"^\| `{name}` \| {ALERTS[name]['labels']['severity']} \|"
    assert re.search(row, (ROOT / "docs" / "dashboards.md").read_text("utf-8"), re.MULTILINE)


def test_faults_are_called_what_the_product_calls_them() -> None:
    told = ALERTS["CamerahubPictureFaultSurge"]["annotations"]["summary"]
    for kind in FAULT_KINDS:
        assert re.search(rf'"{kind}" \}}\}}{CATALOGUE[f"diagnose.kind.{kind}"][0]}\{{\{{', told), kind


def test_the_target_is_the_one_of_the_configuration() -> None:
    expr = ALERTS["CamerahubTownshipBelowTarget"]["expr"]
    assert re.findall(r"< ([\d.]+)", expr) == [str(Figures().target)] * 2


def test_every_alert_is_seen_to_fire() -> None:
    cases = (HERE / "alerts_test.yml").read_text("utf-8")
    fired = set(re.findall(r'alertname=\\?"(\w+)"', cases)) | {
        case["alertname"]
        for test in yaml.safe_load(cases)["tests"]
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert fired == ALERTS.keys()


def test_routes_and_inhibitions_name_alerts_that_exist() -> None:
    config = read(CONFIGS / "alertmanager" / "alertmanager.yml")
    matchers = [m for r in config["route"]["routes"] for m in r["matchers"]]
    for rule in config["inhibit_rules"]:
        matchers += rule["source_matchers"] + rule["target_matchers"]
    for matcher in matchers:
        label, value = re.split(r"\s*=~?\s*", matcher)
        known = ALERTS.keys() if label == "alertname" else {"critical", "warning", "info"}
        assert set(value.strip('"').split("|")) <= known, matcher


def test_grafana_is_provided_with_the_prometheus_of_the_scrape_interval() -> None:
    provisioning = CONFIGS / "grafana" / "provisioning"
    source = read(provisioning / "datasources" / "camerahub.yml")["datasources"][0]
    scraped = read(CONFIGS / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    assert (source["type"], source["jsonData"]["timeInterval"]) == ("prometheus", scraped)
    provider = read(provisioning / "dashboards" / "camerahub.yml")["providers"][0]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)


def said(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a county lays them out, with the two files that only it has."""
    shutil.copytree(CONFIGS / "prometheus", tmp_path, dirs_exist_ok=True)
    (tmp_path / "camerahub.token").write_text("secret")
    (tmp_path / "camerahub-ca.pem").write_text("")
    shutil.copy(HERE / "alerts_test.yml", tmp_path)
    return tmp_path


@pytest.mark.real
def test_promtool_takes_the_configuration_and_its_rules(folder: Path) -> None:
    done = said("promtool", "check", "config", "prometheus.yml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_the_rules_do_what_their_cases_say(folder: Path) -> None:
    done = said("promtool", "test", "rules", "alerts_test.yml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_the_cases_notice_rules_that_were_changed(folder: Path) -> None:
    path = folder / "camerahub-alerts.yml"
    text = path.read_text("utf-8")
    changed = (("> 180", "> 500"), ("_left_alarm) == 1", "_left_alarm) == 2"), ("for: 6h", "for: 7h"))
    for before, after in changed:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    done = said("promtool", "test", "rules", "alerts_test.yml", cwd=folder)
    assert done.returncode != 0
    missed = re.sub(r"(?s)exp:.*?got:", "", done.stdout + done.stderr)
    for alert in ("CamerahubFiguresStale", "CamerahubLeftAtOnce", "CamerahubTownshipBelowTarget"):
        assert missed.count(alert) < (done.stdout + done.stderr).count(alert), alert


@pytest.mark.real
def test_amtool_takes_the_routes() -> None:
    done = said("amtool", "check-config", "alertmanager.yml", cwd=CONFIGS / "alertmanager")
    assert done.returncode == 0, done.stdout + done.stderr
