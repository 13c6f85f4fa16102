"""The home folder: made once, locked by one hub, and never overwritten."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.home import Home


def test_create_makes_a_private_folder_with_the_example(tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")
    home.create()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert home.settings().fleet.interval_s == 60.0


def test_create_never_overwrites(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.config_path.write_text("# mine\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        home.create()
    assert "init never overwrites" in caught.value.text.en
    assert home.config_path.read_text("utf-8") == "# mine\n"


def test_settings_of_a_folder_that_was_never_initialised(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Home(tmp_path / "nowhere").settings()
    assert "init" in caught.value.text.en


def test_one_hub_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.hub_pid() is None
    with home.lock():
        assert home.hub_pid() == os.getpid()
        with pytest.raises(EnvironmentFault) as caught, home.lock():
            pass
        assert str(os.getpid()) in caught.value.text.zh
    assert home.hub_pid() is None


def test_sizes_of_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    (tmp_path / "camerahub.db").write_bytes(bytes(5000))
    (tmp_path / "camerahub.db-wal").write_bytes(bytes(100))
    settings = home.settings()
    database, free, age = home.sizes(settings, 1000.0)
    assert (database, age) == (5100, None)
    assert free > 0
    home.config_path.write_text(
        '[backup]\nfolder = "kept"\n[database]\nurl = "postgresql://h@127.0.0.1/h"\n', "utf-8"
    )
    (tmp_path / "kept").mkdir()
    assert home.sizes(home.settings(), 1000.0)[::2] == (None, None)
    for at in (100, 900):
        made = tmp_path / "kept" / f"camerahub-{at}.zip"
        made.write_bytes(b"")
        os.utime(made, (at, at))
    assert home.sizes(home.settings(), 1000.0)[2] == 100.0


def test_the_password_file_must_be_private(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.config_path.write_text(
        '[database]\nurl = "postgresql://hub@127.0.0.1/hub"\npassword_file = "pg"\n', "utf-8"
    )
    secret = tmp_path / "pg"
    secret.write_text("planted-secret\n", "utf-8")
    secret.chmod(0o644)
    with pytest.raises(EnvironmentFault) as caught:
        home.database(home.settings())
    assert "0600" in caught.value.text.en
    secret.chmod(0o600)
    address = home.database(home.settings())
    assert address.password == "planted-secret"
    assert "planted-secret" not in repr(address)


def test_the_database_defaults_to_a_file_in_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    assert home.database(home.settings()).url == f"sqlite:///{tmp_path / 'camerahub.db'}"
