"""OpenVINO's one Core for the whole process.

Each Core's CPU plugin sets the thread's stack for signal handlers to memory of its own, and frees
it with itself. With several Cores that end in any order a later signal, Ctrl-C say, meets freed
memory and the process dies. One Core that lives as long as the process has no such moment.
"""

from functools import lru_cache

from openvino import Core  # type: ignore[import-untyped]


@lru_cache(maxsize=1)
def core() -> Core:
    """The same one for every caller."""
    return Core()
