"""What no test may leave behind for the next one."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# The machine is noisy: how long an example takes, or how many a strategy throws away, is no finding here.
settings.register_profile(
    "camerahub", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("camerahub")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command run inside a test sends logs to the captured stderr of that test, which is closed afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


#: Files in which real processes are started, killed and waited for: left out of the fast tier.
SLOW_FILES = (
    "tests/acceptance/",
    "tests/cli/test_backup.py",
    "tests/cli/test_run.py",
    "tests/contract/test_copies.py",
    "tests/contract/test_history.py",
    "tests/contract/test_kill9.py",
    "tests/contract/test_readers.py",
    "tests/farm/test_kinds.py",
    "tests/probes/test_decode.py",
    "tests/farm/test_media.py",
    "tests/farm/test_onvif.py",
    "tests/registry/test_faults.py",
    "tests/services/test_supervisor.py",
    "tests/telemetry/test_logs.py",
)
#: The fast tier tries a share of the examples of each property, and at least so many.
QUICK_SHARE, QUICK_LEAST = 8, 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="fewer examples of each property")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    quick = config.getoption("--quick")
    for item in items:
        if item.nodeid.startswith(SLOW_FILES):
            item.add_marker(pytest.mark.slow)
        tested = getattr(item, "obj", None)
        whole = getattr(tested, "_hypothesis_internal_use_settings", None)
        if quick and tested is not None and whole is not None:
            fewer = min(whole.max_examples, max(QUICK_LEAST, whole.max_examples // QUICK_SHARE))
            target = getattr(tested, "__func__", tested)
            target._hypothesis_internal_use_settings = settings(whole, max_examples=fewer)


def pytest_configure() -> None:
    """A runner in the background may have Ctrl-C ignored; the commands started here must hear it all the same."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
