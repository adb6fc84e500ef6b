"""The same command as inference_fast.py, with the HD mouth by default."""

import sys
from os.path import dirname, realpath

# As it is anyway, unless PYTHONSAFEPATH is set; pathlib would take longer than all of this.
sys.path.insert(0, dirname(realpath(__file__)))  # noqa: PTH120

from command.programs import hd

if __name__ == "__main__":
    sys.exit(hd())

from blending.hd import enhance_mouth_region
from command.cli import main

__all__ = ["enhance_mouth_region", "main"]
