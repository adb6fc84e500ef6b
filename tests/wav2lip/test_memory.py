"""Run apart: what is set here holds for the whole process."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, threading
import numpy as np
from wav2lip.memory import reuse_freed_memory
reuse_freed_memory()
def work():
    for _ in range(200):
        np.ones(2**18, np.float64)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
work()
print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_pictures_are_not_mapped_anew():
    """400 pictures of 512 pages each."""
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 400 * 512 / 20
