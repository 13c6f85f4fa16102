"""``doctor``: is this machine fit to run the hub, and what is to be done where it is not. Changes nothing."""

from __future__ import annotations

import json
from collections import Counter

import click

from camerahub.cli.context import Context
from camerahub.cli.doctor_checks import CHECKS, LEVELS, Finding, Level, Patient
from camerahub.core.errors import EXIT_ENVIRONMENT, EXIT_OK, CamerahubError
from camerahub.core.texts import Text, text

_SIGNS: dict[Level, str] = {
    "ok": "正常 ok",
    "warn": "注意 warn",
    "fail": "不行 FAIL",
    "unknown": "未知 unknown",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON / one JSON object a line")
@click.option(
    "--deep",
    is_flag=True,
    help="逐页核对数据库 (大库较慢) / look through the whole database; slow on a large one",
)
@click.pass_obj
def command(context: Context, as_json: bool, deep: bool) -> int:
    """体检: 目录, 磁盘, 数据库, 密钥, 时钟, 端口, 解码, 字体, 备份. Is this machine fit, and what is to be done?"""
    home = context.home_folder()
    try:
        patient = Patient(context, home, context.settings(), deep=deep)
    except CamerahubError as error:
        _say("config", "fail", error.text, Text("", ""), as_json)
        return error.exit_code
    levels = [_examined(name, patient, as_json) for name in CHECKS]
    counted = Counter(levels)
    if as_json:
        click.echo(json.dumps({"summary": {level: counted[level] for level in LEVELS}}))
    done = text("doctor.summary", **{level: counted[level] for level in LEVELS})
    click.echo(f"{done.zh} / {done.en}", err=True)
    return EXIT_ENVIRONMENT if counted["fail"] else EXIT_OK


def _examined(name: str, patient: Patient, as_json: bool) -> Level:
    """One check; what it stumbles over is its finding."""
    try:
        found = CHECKS[name](patient)
    except CamerahubError as error:
        found = Finding("fail", error.text)
    except OSError as error:
        found = Finding("unknown", text("doctor.stumbled", error=error.strerror or type(error).__name__))
    said = found.said if isinstance(found.said, Text) else text(f"doctor.{name}.{found.said}", **found.fields)
    remedy = text(f"doctor.{name}.remedy") if found.level in ("warn", "fail") else Text("", "")
    _say(name, found.level, said, remedy, as_json)
    return found.level


def _say(name: str, level: Level, said: Text, remedy: Text, as_json: bool) -> None:
    if as_json:
        told = {"check": name, "level": level, "zh": said.zh, "en": said.en}
        cure = {"remedy_zh": remedy.zh, "remedy_en": remedy.en} if remedy.zh else {}
        click.echo(json.dumps({**told, **cure}, ensure_ascii=False))
        return
    click.echo(f"[{_SIGNS[level]}] {said.zh}\n    {said.en}")
    if remedy.zh:
        click.echo(f"    → {remedy.zh}\n    → {remedy.en}")
