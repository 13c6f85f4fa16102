"""``python -m camerahub`` whose errands are due as soon as it has started."""

from __future__ import annotations

import sys

from camerahub.cli.main import main
from camerahub.services import errands

if __name__ == "__main__":
    errands.FIRST_S = errands.TURN_S = 1.0
    sys.argv[0] = "camerahub"
    main()
