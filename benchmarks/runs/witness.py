"""Starts a program and tells what it took; run as a script of its own.

A process inherits the peak of the memory of whoever starts it: this one has hardly any.
"""

import json
import os
import sys
import time

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that ru_maxrss counts in


def main(words: list[str]) -> None:
    """One JSON object: seconds, processor's seconds, peak in bytes, exit code, timed lines."""
    since = time.perf_counter()
    output, given = os.pipe()
    pid = os.posix_spawn(
        words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, given, 1)]
    )
    os.close(given)
    with open(output, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  no path
        lines = [(time.perf_counter() - since, line) for line in file]
    _, status, usage = os.wait4(pid, 0)
    facts = {
        "seconds": time.perf_counter() - since,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * UNIT,
        "exit_code": os.waitstatus_to_exitcode(status),
        "lines": lines,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1:])
