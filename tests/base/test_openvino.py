import subprocess
import sys
from pathlib import Path

from base.openvino import core

ROOT = Path(__file__).parents[2]
WATCHED = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork"):
        print(event, arguments)

sys.addaudithook(watch)
from command.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_there_is_one_core():
    assert core() is core()


def test_a_run_calls_nobody(tmp_path):
    """Nothing is sent, no program is started, and the home folder stays as it was."""
    home, out = tmp_path / "home", tmp_path / "out.mp4"
    home.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, "--demo", "--outfile", str(out), "--no_cache"],
        cwd=ROOT,
        env={"HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (0, "")
    assert out.exists() and list(home.iterdir()) == []
