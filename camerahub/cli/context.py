"""What every command can ask for: home, settings, key, store. Opened only when asked: some commands need none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from camerahub.core.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import URL

    from camerahub.config import Settings
    from camerahub.home import Home
    from camerahub.registry.secrets import KeyRing
    from camerahub.registry.store import Store


@dataclass(slots=True)
class Context:
    """State of one command line. ``home`` is what ``--home`` or ``CAMERAHUB_HOME`` said, if anything."""

    home: Path | None = None
    _settings: Settings | None = field(default=None, repr=False)

    def home_folder(self) -> Home:
        """The home folder. ConfigError when none was named."""
        from camerahub.home import Home

        if self.home is None:
            raise ConfigError("config.no_home")
        return Home(self.home)

    def settings(self) -> Settings:
        """The configuration, read once."""
        if self._settings is None:
            self._settings = self.home_folder().settings()
        return self._settings

    def keyring(self) -> KeyRing:
        """The key of the stored camera passwords. EnvironmentFault when missing or open to others."""
        from camerahub.registry.secrets import KeyRing

        return KeyRing.load(self.home_folder().key_path(self.settings()))

    def open_store(self, *, keys: bool = False) -> Store:
        """The register, schema checked; with ``keys`` it can also seal and open passwords."""
        from camerahub.registry.engine import open_engine
        from camerahub.registry.store import Store

        engine = open_engine(self.database_url())
        return Store(engine, zone=self.settings().site.zone, keys=self.keyring() if keys else None)

    @contextmanager
    def writing_store(self, *, keys: bool = False) -> Iterator[Store]:
        """The register, to be written: with the hub's leave where one runs, as its stand-in where none does."""
        from camerahub.cli.line import line_to_hub

        home = self.home_folder()
        with ExitStack() as stack:
            store = self.open_store(keys=keys)
            stack.callback(store.close)
            if home.hub_pid() is None:
                stack.enter_context(home.lock())
                yield store
                return
            line = stack.enter_context(line_to_hub(home))
            line.ask(do="pen")
            yield store
            line.done()

    def database_url(self) -> URL:
        """Address of the register, complete; shown anywhere, it masks its password."""
        from camerahub.registry.engine import parse_url

        address = self.home_folder().database(self.settings())
        url = parse_url(address.url)
        return url.set(password=address.password) if address.password else url
