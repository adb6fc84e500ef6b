"""What importing the programs does and does not do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.slow import slow

ROOT = Path(__file__).parents[2]
PROGRAMS = ["inference_fast", slow("inference_hd_fast"), "inference_batch", slow("inference_story")]
THREADS = """
import os, runpy, sys
from contextlib import suppress
with suppress(SystemExit):
    runpy.run_path(sys.argv[0], run_name="__main__")
print("numpy" in sys.modules, len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("program", PROGRAMS)
def test_numpy_starts_no_threads(program):
    """OpenBLAS's threads wait by spinning, and two runs side by side would stand still."""
    code = f"import sys; sys.argv = ['{program}.py', '--version']{THREADS}"
    words = [sys.executable, "-c", code]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, env={})
    assert run.stdout.splitlines()[-1] == "True 1"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_finds_its_own_modules(tmp_path, program):
    """Where Python does not look beside the script either: some hosts harden it so."""
    words = [sys.executable, "-I", str(ROOT / f"{program}.py"), "--version"]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
