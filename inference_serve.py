"""Make faces speak at an address: see --help."""

import sys
from os.path import dirname, realpath

# As it is anyway, unless PYTHONSAFEPATH is set; pathlib would take longer than all of this.
sys.path.insert(0, dirname(realpath(__file__)))  # noqa: PTH120

from web.program import serve

if __name__ == "__main__":
    sys.exit(serve())
