"""Make many faces speak: see --help."""

import sys

from wav2lip.starting import start

if __name__ == "__main__":
    sys.exit(start("batch.cli"))
