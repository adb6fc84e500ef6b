"""A browser that shows a page, where one is installed; nothing of it is left running."""

import shutil
import subprocess
import sys
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HANGS = 600  # seconds until it has hung

# What chromium leaves behind becomes a child of this program, which ends it.
ALONE = """
import ctypes, os, signal, subprocess, sys
from contextlib import suppress
from pathlib import Path
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
code = subprocess.run(sys.argv[1:], check=False).returncode
with suppress(ChildProcessError):
    while True:
        for pid in Path("/proc/thread-self/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        os.wait()
sys.exit(code)
"""


def opened(page: Path, profile: Path, *words: str) -> str:
    """What chromium prints for the page."""
    chromium = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu"]
    flags = [f"--user-data-dir={profile}", "--virtual-time-budget=1000", *words]
    return subprocess.run(
        [sys.executable, "-c", ALONE, *chromium, *flags, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    ).stdout
