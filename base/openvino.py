"""OpenVINO, silent, and with one Core for the whole process.

Silent: importing it would start its telemetry, which sends the event over the network and writes
into the home folder. Without that package OpenVINO falls back to a stub, so it is hidden here;
everybody imports OpenVINO from this module.

One Core: each Core's CPU plugin sets the thread's stack for signal handlers to memory of its own,
and frees it with itself. With several Cores that end in any order a later signal, Ctrl-C say,
meets freed memory and the process dies. That stack is also too small where a frame of a handler is
large, so the thread gets its own one back once the plugin is loaded.
"""

import sys
from functools import lru_cache

from base.signal_stack import signal_stack_kept

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing it fails

import openvino as ov  # type: ignore[import-untyped] # noqa: E402
from openvino import opset15 as ops  # noqa: E402

__all__ = ["core", "ops", "ov"]


@lru_cache(maxsize=1)
def core() -> ov.Core:
    """The same one for every caller, its CPU plugin loaded."""
    with signal_stack_kept():
        only = ov.Core()
        only.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return only
