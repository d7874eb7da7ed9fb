"""``python -m digitnet``: the command line."""

import sys

from digitnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
