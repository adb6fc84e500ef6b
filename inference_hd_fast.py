"""The same command as inference_fast.py, with the HD mouth by default."""

import sys

from wav2lip.cli import main  # first: its package's settings must precede numpy

# isort: split
from blending.hd import enhance_mouth_region

__all__ = ["enhance_mouth_region", "main"]

if __name__ == "__main__":
    sys.exit(main(blend_method="hd"))
