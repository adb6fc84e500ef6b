"""Pico in a process of its own, since it is native code that some texts send astray.

A line of JSON comes in for each sentence, and its bytes of sound go out behind their count.
"""

import json
import resource
import sys
import time

MOST_SECONDS = 4  # of the processor's time for a sentence, which usually takes 0.1


def main() -> None:
    import py_nanotts  # type: ignore[import-not-found,import-untyped,unused-ignore]

    engine = py_nanotts.NanoTTS()
    for line in sys.stdin.buffer:
        used = int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (used + MOST_SECONDS, resource.RLIM_INFINITY))
        sound = engine.speak(**json.loads(line))
        sys.stdout.buffer.write(len(sound).to_bytes(4, "little") + sound)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
