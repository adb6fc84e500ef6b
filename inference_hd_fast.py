"""The same command as inference_fast.py, with the HD mouth by default."""

import sys

from wav2lip.starting import end_at_once  # first: its package's settings must precede numpy

if __name__ == "__main__":
    end_at_once()  # what is imported below takes a while

# isort: split
from blending.hd import enhance_mouth_region
from wav2lip.cli import main

__all__ = ["enhance_mouth_region", "main"]

if __name__ == "__main__":
    sys.exit(main(blend_method="hd"))
