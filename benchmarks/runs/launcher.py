"""Start a program and print what it took, as a script of its own.

A process inherits the peak of its parent's memory: this one has hardly any.
"""

import json
import os
import sys
import time

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that ru_maxrss counts in


def main(command: list[str]) -> None:
    """Print one JSON object: wall and processor seconds, peak in bytes, exit code, timed lines."""
    start = time.perf_counter()
    read_end, write_end = os.pipe()
    pid = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)]
    )
    os.close(write_end)
    with open(read_end, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  a descriptor, not a path
        lines = [(time.perf_counter() - start, line) for line in file]
    _, status, usage = os.wait4(pid, 0)
    facts = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * UNIT,
        "exit_code": os.waitstatus_to_exitcode(status),
        "lines": lines,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1:])
