"""What importing the programs does and does not do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THREADS = "print(next(l for l in open('/proc/self/status') if l.startswith('Threads')).split()[1])"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("program", ["inference_fast", "inference_hd_fast", "inference_batch"])
def test_numpy_starts_no_threads(program):
    """OpenBLAS's wait by spinning, and two runs side by side would stand still."""
    words = [sys.executable, "-c", f"import {program}\n{THREADS}"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, env={})
    assert run.stdout.strip() == "1"


@pytest.mark.parametrize("program", ["inference_fast", "inference_hd_fast", "inference_batch"])
@pytest.mark.parametrize("more", [(), ("-P",), ("-I",)])
def test_a_program_finds_its_own_modules(tmp_path, program, more):
    """Where Python does not look beside the script either: some hosts harden it so."""
    if more == ("-P",) and sys.version_info < (3, 11):
        pytest.skip("unknown before Python 3.11")
    words = [sys.executable, *more, str(ROOT / f"{program}.py"), "--version"]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
