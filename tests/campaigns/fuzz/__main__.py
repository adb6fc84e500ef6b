"""Hostile files by the thousand: every run ends as docs/flags.md says and leaves nothing behind.

python -m tests.campaigns.fuzz                   5000 damaged media files, 2000 checkpoints
python -m tests.campaigns.fuzz --only media-17   one of them, its files kept and its words shown
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.campaigns.fuzz.campaign import campaign
from tests.campaigns.fuzz.cases import KINDS
from tests.campaigns.fuzz.verdict import Tally, library_lines

SHOWN_EVERY = 500


def run_all(seed: int, names: Sequence[tuple[str, int]]) -> int:
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for done, (case, end) in enumerate(campaign(seed, names, Path(folder)), 1):
            for words in tally.count(case, end):
                print(words, flush=True)
            shutil.rmtree(case.job.folder)
            if done % SHOWN_EVERY == 0:
                print(f"{done} of {len(names)}", file=sys.stderr, flush=True)
    print(tally.table())
    print(f"slowest {tally.slowest:.1f} s; {tally.with_library_lines} with lines of libraries")
    for found in tally.findings:
        name = found.partition(" ")[0]
        print(f"{found}\n  python -m tests.campaigns.fuzz --seed {seed} --only {name}")
    return 1 if tally.findings else 0


def run_one(seed: int, name: str) -> int:
    """One case, told in full."""
    kind, _, number = name.partition("-")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    tally = Tally()
    for case, end in campaign(seed, [(kind, int(number))], folder):
        found = tally.count(case, end)
        words = " ".join(getattr(case.job.run, "args", ((),))[0])
        print(f"{case.kind}: {words}\nin {case.job.folder}")
        print(f"code {end.code}, signal {end.signal}, {end.seconds:.2f} s")
        print(f"{end.said}{len(library_lines(end))} lines of libraries")
        print("\n".join(found) or "nothing found")
    return 1 if tally.findings else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--media", type=int, default=5000, help="how many")
    parser.add_argument("--checkpoint", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with")
    parser.add_argument("--only", help="one case, such as media-17")
    asked = parser.parse_args()
    if asked.only:
        return run_one(asked.seed, asked.only)
    names = [
        (kind, number)
        for kind in KINDS
        for number in range(asked.first, asked.first + getattr(asked, kind))
    ]
    return run_all(asked.seed, names)


if __name__ == "__main__":
    sys.exit(main())
