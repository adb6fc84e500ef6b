"""Make a face speak: see --help, or start with --demo."""

import sys

from wav2lip.starting import start

if __name__ == "__main__":
    sys.exit(start())
