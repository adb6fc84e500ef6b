"""The same command as inference_fast.py, with the HD mouth by default."""

import sys

from wav2lip.cli import main

if __name__ == "__main__":
    sys.exit(main(blend_method="hd"))
