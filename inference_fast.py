"""Make a face speak: see --help, or start with --demo."""

import sys

from wav2lip.starting import end_at_once

if __name__ == "__main__":
    end_at_once()  # what is imported below takes a while

from wav2lip.cli import main

if __name__ == "__main__":
    sys.exit(main())
