"""A program as a voice: what it is given, and all that can go wrong with it."""

import os
import select
import struct
import sys
import wave
from contextlib import suppress

import numpy as np
import pytest

from base.errors import EngineError, UsageError
from speech.command import CommandVoice
from speech.voice import VoiceSettings

SPEAKER = """
import io, sys, wave, math, array
text = open(sys.argv[1], encoding="utf-8").read() if len(sys.argv) > 1 else sys.stdin.read()
out = io.BytesIO()
with wave.open(out, "wb") as file:
    file.setnchannels(2); file.setsampwidth(2); file.setframerate(22050)
    wave_ = [int(9000 * math.sin(i / 20)) for i in range(2205 * len(text.split()))]
    file.writeframes(array.array("h", [s for s in wave_ for _ in (0, 1)]).tobytes())
target = open(sys.argv[2], "wb") if len(sys.argv) > 2 else sys.stdout.buffer
target.write(out.getvalue())
"""


@pytest.fixture
def program(tmp_path):
    """Write a Python program, and return the words that start it."""

    def write(text, *words):
        path = tmp_path / "a voice.py"
        path.write_text(text)
        return " ".join([sys.executable, f"'{path}'", *words])

    return write


def voice(line, **values):
    return CommandVoice(VoiceSettings(argument=line, language="en"), **values)


@pytest.mark.parametrize("words", [(), ("{text_file}",), ("{text_file}", "{wav}")])
def test_the_text_goes_in_and_a_wav_comes_out(program, words):
    speech = voice(program(SPEAKER, *words))("Seven words of text, spoken by nobody.")
    assert speech.rate == 22050 and float(speech.duration) == pytest.approx(0.7)
    assert [word.text for word in speech.words][:2] == ["Seven", "words"]
    assert speech.phonemes


def test_the_text_is_never_a_word_of_the_command(program, tmp_path):
    seen = tmp_path / "seen"
    script = f"import sys; open({str(seen)!r}, 'w').write(repr(sys.argv[1:]))\n" + SPEAKER
    voice(program(script.replace("len(sys.argv) > 1", "False"), "{language}"))
    with pytest.raises(EngineError):
        voice(program(script, "--x"))("; touch $(x) {wav} `y`")
    assert seen.read_text() == "['--x']"


BAD = {
    "prints nothing": ("", "printed nothing"),
    "prints garbage": ("print('RIFF' * 1000)", "something else than a WAV"),
    "fails": ("import sys; sys.exit('no such\\x1b voice')", r"ended with 1: no such  ?voice"),
    "is killed": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with -11"),
    "hangs": ("import time; time.sleep(60)", "more than 1 s"),
    "prints for ever": (
        "import sys, time\nwhile True: sys.stdout.write('x'); sys.stdout.flush(); time.sleep(.1)",
        "more than 1 s",
    ),
    "prints too much": ("import sys\nwhile True: sys.stdout.write('x' * 10**6)", "more than"),
    "leaves a child": (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time;"
        " time.sleep(60)']); sys.stdin.read()",
        "more than 1 s",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_program_that_is_no_voice_is_told_in_a_line(program, kind, monkeypatch):
    text, words = BAD[kind]
    monkeypatch.setattr("speech.command.MOST_BYTES", 1 << 20)
    with pytest.raises(EngineError, match=words) as caught:
        voice(program(text), most_seconds=1.0 if "1 s" in words else 30.0)("Hello.")
    assert str(caught.value).isprintable() and caught.value.exit_code == 5


def test_what_it_started_is_gone(program, tmp_path):
    mark = tmp_path / "child"
    text = (
        "import os, time\n"
        f"if os.fork() == 0: open({str(mark)!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    with pytest.raises(EngineError):
        voice(program(text), most_seconds=2.0)("Hello.")
    with suppress(ProcessLookupError):  # it has ended, and been forgotten
        ended = os.pidfd_open(int(mark.read_text()))
        assert select.select([ended], [], [], 20)[0] == [ended]
        os.close(ended)


def test_nothing_is_left_behind(program, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    voice(program(SPEAKER))("Hello there.")
    with pytest.raises(EngineError):
        voice(program(""))("Hello.")
    assert os.listdir(tmp_path / "scratch") == []  # noqa: PTH208


@pytest.mark.parametrize(
    ("line", "error"),
    [("'open", UsageError), ("", UsageError), ("no-such-program-here", EngineError)],
)
def test_what_is_no_program_is_told(line, error):
    with pytest.raises(error, match="--voice command"):
        voice(line)


@pytest.mark.parametrize("kind", ["no data", "no wav", "not finite"])
def test_a_wav_that_is_none(program, tmp_path, kind):
    path = tmp_path / "made.wav"
    if kind == "no wav":
        path.write_bytes(b"hello")
    elif kind == "no data":
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
    else:
        head = struct.pack("<HHIIHH", 3, 1, 16000, 64000, 4, 32)  # floats
        chunk = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", 4096)
        samples = np.full(1024, np.nan, "<f4").tobytes()
        path.write_bytes(b"RIFF" + struct.pack("<I", 4132) + b"WAVE" + chunk + samples)
    text = f"import sys; sys.stdout.buffer.write(open({str(path)!r}, 'rb').read())"
    with pytest.raises(EngineError, match="--voice command"):
        voice(program(text))("Hello.")
