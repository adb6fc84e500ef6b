"""A slice of the campaign, and that the campaign can find something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.campaigns.fuzz"]
FAULTS = {  # what a run does wrong -> what is said of it
    "raise KeyError('bug')": "a traceback: KeyError: 'bug'",
    "return 9": "exit code 9",
    "return 3": "exit code 3 without an error",
    "os.kill(os.getpid(), 11)": "ended by SIGSEGV",
    "Path('result').mkdir(); Path('result/.it.part').touch(); return say(3)": "left .it.part",
    "Path('pwned').touch(); return say(3)": "left pwned",
    "tempfile.mkstemp(); return say(3)": "left files in the temporary folder",
    "return 0": "done, and no result",
}
BROKEN = """
import os, sys, tempfile
from pathlib import Path
from tests.campaigns.fuzz import __main__ as fuzz, cases

def say(code):
    print("error: so", file=sys.stderr)
    return code

def main(words):
    number = int(Path().absolute().name.partition("-")[2])
    exec("def fault():\\n " + {faults}[number], globals())
    return fault()

cases.main = main
sys.exit(fuzz.run_all(1, [("media", number) for number in range({count})]))
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits as Linux does")


def ran(*words):
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_slice_of_the_campaign_finds_nothing():
    told = ran(*COMMAND, "--media", "12", "--checkpoint", "8")
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-2].split()[0] == "all"
    assert told.stdout.splitlines()[-2].split()[-1] == "20"


@pytest.mark.slow
def test_the_campaign_finds_every_fault():
    program = BROKEN.format(faults=list(FAULTS), count=len(FAULTS))
    told = ran(sys.executable, "-c", program)
    assert told.returncode == 1, told.stdout + told.stderr
    lines = told.stdout.splitlines()
    for number, words in enumerate(FAULTS.values()):
        assert any(line.startswith(f"media-{number} (") and words in line for line in lines), words
        assert any(line.endswith(f"--seed 1 --only media-{number}") for line in lines)
