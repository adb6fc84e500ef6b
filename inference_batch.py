"""Make many faces speak: see --help."""

import sys

from batch.cli import main

if __name__ == "__main__":
    sys.exit(main())
