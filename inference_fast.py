"""Make a face speak: see --help, or start with --demo."""

import sys

from wav2lip.cli import main

if __name__ == "__main__":
    sys.exit(main())
