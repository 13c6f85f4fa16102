"""``python -m camerahub.farm SPEC``: serve a county; SPEC is ``Spec.to_json`` as text. Used by handle.py."""

import json
import signal
import sys

from camerahub.core.errors import CamerahubError
from camerahub.farm.model import Spec
from camerahub.farm.serve import serve


def main() -> int:
    """Exit code."""
    # Ctrl-C reaches every process of the terminal; the one that started us decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return serve(Spec.from_json(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
    except CamerahubError as error:
        sys.stderr.write(f"camerahub.farm: {error.text.zh}\n  {error.text.en}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
