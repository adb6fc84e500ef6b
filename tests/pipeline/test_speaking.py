"""--text: a line of words becomes a video, and what cannot be spoken is told in a line."""

import json
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest

from command.cli import main
from options.options import Options, with_demo_inputs
from pipeline.report import Clock
from pipeline.speaking import FOLDER, settings_with_speech, with_speech
from speech.loudness import TARGET_LUFS, LoudnessMeter
from tests.jobs import BOX, inputs

__all__ = ["inputs"]
TEXT = "My name is Bob. I am a map."


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where temporary files are; nothing may be left there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def run(inputs, tmp_path, capsys):
    def command(*words, voice=("--text", TEXT)):
        out = tmp_path / "out.mp4"
        face = ("--face", str(inputs / "ann.png"), "--engine", "puppet", *BOX)
        cache = ("--cache_dir", str(tmp_path / "cache"), "--outfile", str(out))
        code = main([*face, *cache, *voice, *map(str, words)])
        return code, out, capsys.readouterr().err.splitlines()

    return command


def test_a_text_becomes_a_video_with_its_sound(run, tmp_path):
    code, out, _ = run(
        "--speech_file", tmp_path / "said" / "spoken.wav", "--report", tmp_path / "r"
    )
    assert code == 0
    with av.open(str(out)) as video, av.open(str(tmp_path / "said" / "spoken.wav")) as said:
        sound = video.streams.audio[0]
        assert (sound.codec_context.name, sound.rate) == ("aac", 48000)
        seconds = float(said.duration / 1e6)
        assert video.streams.video[0].frames == pytest.approx(seconds * 25, abs=1)
        samples = [frame.to_ndarray().ravel() for frame in said.decode(audio=0)]
    meter = LoudnessMeter()
    meter.add((np.concatenate(samples) / 32768).astype(np.float32))
    assert meter.lufs() == pytest.approx(TARGET_LUFS, abs=0.5)
    assert json.loads((tmp_path / "r").read_text())["options"]["text"] == TEXT


def test_the_puppet_follows_the_phonemes_that_were_spoken(inputs, tmp_path):
    options = Options(face=inputs / "ann.png", text=TEXT, cache_dir=tmp_path / "cache")
    with settings_with_speech(options, Clock()) as settings:
        track = json.loads(settings.mouth.visemes.read_text())
        assert settings.sound.path.exists()
    assert [word["word"] for word in track["words"]] == TEXT.split()
    assert sum(p["phoneme"] in "pbm" for p in track["phonemes"]) == 7
    assert not settings.sound.path.exists()


@pytest.mark.parametrize("more", [{"drive_audio": "one.wav"}, {"visemes": "own.json"}])
def test_what_the_user_named_moves_the_mouth(inputs, more):
    (name, file), *_ = more.items()
    options = Options(face=inputs / "ann.png", text=TEXT, no_cache=True, **{name: inputs / file})
    with with_speech(options, Clock()) as spoken:
        assert spoken.visemes == (inputs / file if name == "visemes" else None)


def test_what_was_spoken_is_not_spoken_again(inputs, tmp_path, monkeypatch):
    options = Options(face=inputs / "ann.png", text=TEXT, cache_dir=tmp_path / "cache")
    with with_speech(options, Clock()) as spoken:
        first = spoken.audio.read_bytes()
    (entry,) = (tmp_path / "cache" / FOLDER).iterdir()
    monkeypatch.setattr("pipeline.speaking.VOICES", {})
    with with_speech(options, Clock()) as spoken:
        assert spoken.audio.read_bytes() == first
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    entry.write_bytes(entry.read_bytes()[:-500])
    with with_speech(options, Clock()) as spoken:
        assert spoken.audio.stat().st_size == len(first)


def test_another_text_voice_or_setting_is_spoken_anew(inputs, tmp_path):
    options = {"face": inputs / "ann.png", "cache_dir": tmp_path / "cache"}
    for more in ({"text": TEXT}, {"text": "Other."}, {"text": TEXT, "speaking_rate": 1.2}):
        with with_speech(Options(**options, **more), Clock()):
            pass
    assert len(list((tmp_path / "cache" / FOLDER).iterdir())) == 3


def test_a_file_of_markdown_and_standard_input_are_read(inputs, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("# Hello\n\nThis is **it**.\n", "utf-8")
    monkeypatch.setattr(sys, "stdin", page.open())
    for path, words in ((page, ["Hello", "This", "is", "it."]), (Path("-"), ["# Hello", "This"])):
        options = Options(face=inputs / "ann.png", text_file=path, no_cache=True)
        with with_speech(options, Clock()) as spoken:
            track = json.loads(spoken.visemes.read_text())
        assert [word["word"] for word in track["words"]][: len(words)] == words
    sys.stdin.close()


def test_the_demo_speaks_a_text(tmp_path):
    options = with_demo_inputs(Options(demo=True, text=TEXT), tmp_path)
    assert options.audio is None and options.face == tmp_path / "portrait.png"


WRONG = {
    "empty": ("--text", ""),
    "no word": ("--text", "… 🙂 —"),
    "controls": ("--text", "\x01\x1b\x7f"),
    "other letters": ("--text", "日本語"),
    "too long": ("--text", "word " * 250_000),
    "no file": ("--text_file", "/nowhere/text.txt"),
    "folder": ("--text_file", "/tmp"),
    "binary": ("--text_file", "/bin/sh"),
    "device": ("--text_file", "/dev/zero"),
    "two": ("--text", "Hello.", "--text_file", "x.txt"),
    "language": ("--text", "Hello.", "--language", "xx"),
    "no language": ("--text", "Hello.", "--language", "../../etc"),
    "no voice": ("--text", "Hello.", "--voice", "nobody"),
    "rate": ("--text", "Hello.", "--speaking_rate", "9"),
    "pitch": ("--text", "Hello.", "--pitch", "nan"),
    "too many seconds": ("--text", TEXT * 9, "--max_seconds", "3"),
    "no model": ("--text", "Hello.", "--voice", "/nowhere/voice.onnx"),
    "no program": ("--text", "Hello.", "--voice", "command:/nowhere/program"),
    "nothing printed": ("--text", "Hello.", "--voice", "command:true"),
    "garbage printed": ("--text", "Hello.", "--voice", "command:echo x"),
    "fails": ("--text", "Hello.", "--voice", "command:false"),
}
CODES = {2: ("two", "language", "no language", "no voice", "rate", "pitch")}
CODES[5] = ("no model", "no program", "nothing printed", "garbage printed", "fails")


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_spoken_is_one_line_and_a_code(run, kind, tmp_path):
    code, out, lines = run(voice=WRONG[kind])
    assert code == next((code for code, kinds in CODES.items() if kind in kinds), 3)
    assert len(lines) == 1 and lines[0].startswith("error: ") and lines[0].isprintable()
    assert len(lines[0]) < 300 and not out.exists()
    assert not list(tmp_path.rglob(".*"))


def test_flags_of_a_text_are_told_where_there_is_none(inputs):
    options = Options(face=inputs / "ann.png", audio=inputs / "one.wav", pitch=1.2, language="de")
    assert options.ineffective_flags == [
        "--language changes nothing without --text",
        "--pitch changes nothing without --text",
    ]


def test_no_flag_is_named_that_nobody_gave(run):
    """Numbers in German are unknown phonemes; --visemes was not given."""
    _, _, lines = run(voice=("--text", "Es sind 12 Affen.", "--language", "de"))
    assert not any("--visemes" in line for line in lines)


def test_a_check_speaks_and_writes_nothing(run, tmp_path):
    code, out, lines = run("--check", "--speech_file", tmp_path / "spoken.wav")
    assert code == 0 and not out.exists() and not (tmp_path / "spoken.wav").exists()
    assert any("a text, by pico" in line for line in lines)
