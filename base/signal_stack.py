"""The stack on which the current thread's signal handlers run, kept as it was.

OpenVINO's CPU plugin replaces it by one of its own, with room for one frame of a handler beside
8 KiB. Python's handlers run there, and on processors with AMX a frame takes 11 KiB: a second signal
within the first one's handler runs over the end, and the process dies with SIGSEGV.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ENABLED, DISABLED = 0, 2  # SS_DISABLE of signal.h


class SignalStack(ctypes.Structure):
    """`stack_t` of Linux."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


def signal_stack() -> SignalStack:
    """The current thread's; its flags are DISABLED where handlers run on the usual stack."""
    stack = SignalStack()
    _call(None, stack)
    return stack


def set_signal_stack(stack: SignalStack) -> None:
    """For the current thread; the memory is the caller's to keep."""
    _call(stack, None)


@contextmanager
def signal_stack_kept() -> Iterator[None]:
    """Whatever replaces the current thread's signal stack inside, it is restored at the end."""
    if not sys.platform.startswith("linux"):
        yield
        return
    before = signal_stack()
    try:
        yield
    finally:
        set_signal_stack(before)


def _call(new: SignalStack | None, old: SignalStack | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    pointers = (None if stack is None else ctypes.byref(stack) for stack in (new, old))
    if libc.sigaltstack(*pointers) != 0:
        raise OSError(ctypes.get_errno(), "sigaltstack")
