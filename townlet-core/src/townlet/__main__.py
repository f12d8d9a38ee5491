"""``python -m townlet`` is ``townlet``."""

import sys

from townlet.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
