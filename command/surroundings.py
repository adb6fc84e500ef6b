"""What a process cannot take over from another one: both must agree on it to do the same.

Imports next to nothing: a program that hands its work over reads it first.
"""

from __future__ import annotations

import os
import resource
import sys

from base.version import __version__

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LENGTH_BYTES = 4  # of a request's length, before it
READY, ACCEPTED = b"r", b"a"  # what a worker says before it runs the command
ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120  without pathlib
LIBRARIES = ("LD_", "OMP_", "MKL_", "OV_", "PYTHONPATH", "PYTHONHOME")
LIMITS = ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_CPU")


def surroundings() -> dict[str, Any]:
    """As JSON can hold them: code, Python, user, file system, limits."""
    root = os.stat("/")  # noqa: PTH116
    return {
        "code": [__version__, ROOT, sys.prefix],
        "user": [os.getuid(), os.geteuid(), os.getgid(), sorted(os.getgroups())],
        "root": [root.st_dev, root.st_ino],
        "limits": [list(resource.getrlimit(getattr(resource, name))) for name in LIMITS],
    }


def library_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables that libraries read when they are loaded."""
    return {name: value for name, value in environment.items() if name.startswith(LIBRARIES)}
