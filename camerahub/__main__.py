"""``python -m camerahub``."""

import signal
import sys

if sys.argv[1:2] == ["prober"]:
    # What the terminal says reaches every process of it, even one that is still importing; the hub passes it on.
    for _number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(_number, signal.SIG_IGN)

from camerahub.cli.main import main

if __name__ == "__main__":
    main()
