"""`python -m guanxi` is the command `guanxi`."""

from __future__ import annotations

import sys

from guanxi.bootstrap import main

if __name__ == "__main__":
    sys.exit(main())
