"""Errors a person must act on. Anything else that is raised is a bug.

Every error carries a key of the catalogue, so that it can be said in both languages, and its exit code:
2 usage or configuration, 4 environment (disk, port, database, key).
"""

from __future__ import annotations

from camerahub.core.texts import Text, text

EXIT_OK = 0
EXIT_FAULTS = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_ENVIRONMENT = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class CamerahubError(Exception):
    """Base of every expected error; not raised itself."""

    exit_code = EXIT_USAGE

    def __init__(self, key: str, /, **fields: object) -> None:
        self.key = key
        self.text: Text = text(key, **fields)
        super().__init__(f"{self.text.zh} / {self.text.en}")


class ConfigError(CamerahubError):
    """The configuration or the command line is wrong; nothing was done."""

    exit_code = EXIT_USAGE


class EnvironmentFault(CamerahubError):
    """Disk, port, database or key is missing or broken; nothing was lost."""

    exit_code = EXIT_ENVIRONMENT
