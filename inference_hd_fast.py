"""The same command as inference_fast.py, with the HD mouth by default."""

import sys

from wav2lip.starting import start

if __name__ == "__main__":
    sys.exit(start(blend_method="hd"))

from blending.hd import enhance_mouth_region
from wav2lip.cli import main

__all__ = ["enhance_mouth_region", "main"]
