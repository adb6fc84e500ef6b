"""Errors a user can act on: each has an exit code, each message is what, where, the way out.

LipSyncError             1
├─ UsageError            2  flags that contradict each other or are out of range
├─ InputError            3  a face or a sound cannot be read
├─ NoFaceError           4  no face anywhere in the picture
├─ EngineError           5  the checkpoint or the engine that runs it
├─ OutputError           6  the result cannot be written
├─ OutOfMemoryError      7  the machine, or its GPU, has too little memory
└─ JobsFailedError       8  some jobs of a batch; the others are done
"""


class LipSyncError(Exception):
    """Root: the command prints its message in one line and exits; anything else is a bug."""

    exit_code = 1


class UsageError(LipSyncError, ValueError):
    exit_code = 2


class InputError(LipSyncError, ValueError):
    exit_code = 3


class NoFaceError(LipSyncError):
    exit_code = 4


class EngineError(LipSyncError, RuntimeError):
    exit_code = 5


class OutputError(LipSyncError, OSError):
    exit_code = 6


class OutOfMemoryError(LipSyncError, MemoryError):
    exit_code = 7


class JobsFailedError(LipSyncError):
    exit_code = 8
