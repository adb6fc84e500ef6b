"""Requests that schemathesis makes of the API's description, without keys and with them.

`make schema CASES=100` of each operation: no bug, no answer that the description lacks, and the
server lives.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from service.keys import add_key
from tests.web.server import serving

CASES = os.environ.get("CASES") or "100"
CONFIG = Path(__file__).parent / "schemathesis.toml"
WORDS = ("--workers", 1, "--grace", 0, "--max_upload", 5_000_000, "--job_seconds", 20)
QUICK = ("--engine", "puppet", "--fps", 5, "--box", 122, 378, 170, 346)  # of the example's portrait


def try_all(program: str, folder: Path, keyed: bool) -> bool:
    """Whether nothing was found; the program's words go to standard output."""
    words, headers = [*WORDS, *QUICK], []
    if keyed:
        words += ["--key_file", folder / "keys.txt"]
        headers = ["-H", f"Authorization: Bearer {add_key(folder / 'keys.txt', 'ann')}"]
    with serving(folder / "data", *words) as server:
        address = f"http://{server.host}:{server.port}"
        command = [program, "--config-file", CONFIG, "run", f"{address}/openapi.json", "-n", CASES]
        found = subprocess.run([*map(str, command), *headers], cwd=folder, check=False).returncode
        lives = server.get("/health/ready").status == 200
        bugs = [line for line in server.log() if line["level"] == "error"]
    print(f"keyed: {keyed}, lives: {lives}, bugs in the log: {len(bugs)}", flush=True)
    return found == 0 and lives and not bugs


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="schema-") as folder:
        results = []
        for keyed in (False, True):
            place = Path(folder) / str(keyed)
            place.mkdir()
            results.append(try_all(sys.argv[1], place, keyed))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
