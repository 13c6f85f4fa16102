"""``python -m camerahub.farm SPEC``: serve a county; SPEC is ``Spec.to_json`` as text. Used by handle.py."""

import signal

# Ctrl-C and a terminal that goes reach every process of it, even one that is still importing; the one that started
# us decides when we end.
for _number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(_number, signal.SIG_IGN)

# ruff: noqa: E402
import json
import sys

from camerahub.core.errors import CamerahubError
from camerahub.farm.model import Spec
from camerahub.farm.serve import serve


def main() -> int:
    """Exit code."""
    try:
        return serve(Spec.from_json(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
    except CamerahubError as error:
        sys.stderr.write(f"camerahub.farm: {error.text.zh}\n  {error.text.en}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
