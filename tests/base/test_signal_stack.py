"""Nested signals in a process that has loaded OpenVINO's CPU plugin."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stack_t is Linux's")

UNCHANGED = """
from base.openvino import core
from base.signal_stack import signal_stack
def facts(): return [getattr(signal_stack(), name) for name in ("address", "flags", "size")]
before = facts()
core()
assert facts() == before, (before, facts())
"""
# Three signals that arrive at once: each interrupts the handler of the one before. Where the
# processor has AMX, frames of handlers are large from its first use on.
NESTED = """
import ctypes, os, signal, sys
import numpy as np
from base.openvino import core, ops, ov
from base.signal_stack import ENABLED, SignalStack, set_signal_stack
from base.signals import EXIT_CODES, INTERRUPTED, TERMINATED, Terminated
from command.stopping import end_in_time, stoppable
if small := int(sys.argv[1]):
    memory = ctypes.create_string_buffer(small)
    set_signal_stack(SignalStack(ctypes.addressof(memory), ENABLED, small))
else:
    rows = ops.parameter([64, 64], np.float32)
    product = ov.Model([ops.matmul(rows, np.ones((64, 64), np.float32), False, False)], [rows])
    run = core().compile_model(product, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    run([np.ones((64, 64), np.float32)])
with end_in_time():
    try:
        with stoppable():
            signal.pthread_sigmask(signal.SIG_BLOCK, EXIT_CODES)
            for number in EXIT_CODES:
                signal.raise_signal(number)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, EXIT_CODES)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Terminated:
        sys.exit(TERMINATED)
"""


def exit_code(program, *words):
    line = [sys.executable, "-c", program, *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True).returncode


def test_loading_the_plugin_leaves_the_signal_stack_as_it_was():
    assert exit_code(UNCHANGED) == 0


def test_nested_signals_end_a_run_in_order():
    assert exit_code(NESTED, "0") in (130, 143)


def test_nested_signals_break_a_small_signal_stack():
    """The program of the test above can fail, on every processor."""
    assert exit_code(NESTED, "4096") == -11
