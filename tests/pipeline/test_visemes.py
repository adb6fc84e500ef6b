"""--visemes: the puppet's lips follow a track of phonemes; a network's do not."""

import json
import sys
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audio.load import load_sound
from audio.recognition import recognise
from audio.windows import windows_of
from base.errors import InputError
from command.cli import main
from options.options import Options
from pipeline.settings import settings_of
from pipeline.stages import load_engine, stages_of
from puppet.visemes import Visemes
from tests.media import make_sound
from tests.readback import frames_of
from tests.slow import slow
from tests.talking import PORTRAIT, pause, vowel

RATE = 16_000


@pytest.fixture
def voice(tmp_path):
    samples = np.concatenate([vowel("a", 0.5), pause(0.5)])[None]
    return make_sound(tmp_path / "voice.wav", rate=RATE, samples=samples, codec="pcm_f32le")


@pytest.fixture
def track(tmp_path):
    """Speech in the second half, where the sound is silent."""
    path = tmp_path / "track.json"
    path.write_text(json.dumps([["a", 0.6, 0.75], ["m", 0.75, 0.85], ["a", 0.85, 1.0]]))
    return path


@pytest.fixture
def words(voice, track, tmp_path):
    inputs = ["--face", str(PORTRAIT), "--audio", str(voice), "--visemes", str(track)]
    return [*inputs, "--encoder", "ffv1", "--outfile", str(tmp_path / "out.mkv")]


def moved(path):
    """By how much each frame differs from the first."""
    frames = [np.asarray(frame, int) for frame in frames_of(path)]
    return np.array([np.abs(frame - frames[0]).mean() for frame in frames])


@pytest.mark.parametrize(("offset", "first"), [slow(0, 16), (-200, 11)])
def test_the_mouth_follows_the_phonemes_and_not_the_sound(words, tmp_path, offset, first):
    given = [*words, "--engine", "puppet", "--audio_offset", str(offset)]
    assert main(given) == 0
    motion = moved(tmp_path / "out.mkv")
    assert not motion[: first - 4].any() and motion[first : first + 3].min() > 0.05


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001)])
@pytest.mark.parametrize("offset", [Fraction(0), Fraction(1, 10), Fraction(-3, 10)])
def test_a_window_knows_the_time_of_the_sound_that_it_shows(voice, rate, offset):
    windows = windows_of(load_sound(voice), rate, offset)
    frames = [0, 3, len(windows) - 1]
    assert windows.times(frames).tolist() == [float(frame / rate - offset) for frame in frames]


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_bad_track_ends_before_the_work(words, track, tmp_path, capsys, check):
    track.write_text('[["a", 0.6, NaN]]')
    assert main([*words, "--engine", "puppet", *check]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "track.json" in line and "no number of seconds" in line
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_an_unknown_symbol_is_told_once(words, track, capsys, check):
    track.write_text(json.dumps([["7!", 0.1, 0.2], ["a", 0.2, 0.3], ["7!", 0.3, 0.4]]))
    assert main([*words, "--engine", "puppet", *check]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "7!" in line]
    assert told == ["--visemes: the mouth follows the sound where it says '7!'"]


def test_of_many_unknown_symbols_some_are_named(voice, track):
    track.write_text(json.dumps([[f"{n}\n!", n, n] for n in range(100)]))
    options = Options(face=PORTRAIT, audio=voice, visemes=track, engine="puppet")
    (notice,) = stages_of(settings_of(options)).notices
    assert "'7\\n!' and 92 more" in notice and "'8\\n!'" not in notice


def test_with_a_network_that_it_changes_nothing_is_told(voice, track, checkpoint):
    track.write_text("not even read")
    options = Options(face=PORTRAIT, audio=voice, visemes=track, engine="openvino")
    options = replace(options, checkpoint_path=checkpoint)
    loaded = []

    def load(engine, word, settings):
        loaded.append(settings)
        return load_engine(engine, word, settings)

    (notice,) = stages_of(settings_of(options), load).notices
    options = replace(options, visemes=None, recognise_phonemes=True)
    (heard_notice,) = stages_of(settings_of(options)).notices
    assert notice.startswith("--visemes changes nothing with --engine openvino")
    assert "--recognise_phonemes changes nothing" in heard_notice
    assert loaded[0].visemes is None  # so that what is resident stays so


NEEDS_HAMA = pytest.mark.skipif(find_spec("hama") is None, reason="needs requirements-phonemes.txt")
TALK = PORTRAIT.parent / "speech.m4a"


@NEEDS_HAMA
def test_the_phonemes_of_a_sound_are_heard(tmp_path):
    phonemes = recognise(load_sound(TALK))
    assert len(phonemes) > 10
    assert Visemes(phonemes).unknown == ()
    assert all(p.end - p.begin <= 0.351 for p in phonemes)


@NEEDS_HAMA
def test_the_mouth_follows_what_is_heard(tmp_path):
    words = ["--face", str(PORTRAIT), "--audio", str(TALK), "--engine", "puppet"]
    outputs = [tmp_path / "sound.mkv", tmp_path / "heard.mkv"]
    for out, more in zip(outputs, ([], ["--recognise_phonemes"]), strict=True):
        assert main([*words, "--encoder", "ffv1", "--outfile", str(out), *more]) == 0
    sound, heard = map(moved, outputs)
    assert not np.array_equal(sound, heard) and np.corrcoef(sound, heard)[0, 1] > 0.3


def test_without_the_package_a_line_says_what_to_install(words, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "hama", None)
    without = [word for word in words if word != "--visemes" and not word.endswith(".json")]
    assert main([*without, "--engine", "puppet", "--recognise_phonemes", "--check"]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install -r requirements-phonemes.txt")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, None),
        ({"recognise_phonemes": True}, "a.wav"),
        ({"recognise_phonemes": True, "drive_audio": Path("d.wav")}, "d.wav"),
        ({"recognise_phonemes": True, "visemes": Path("v.json")}, None),
    ],
)
def test_what_moves_the_mouth_is_recognised(more, expected):
    options = Options(face=Path("f.png"), audio=Path("a.wav"), **more)
    recognised = settings_of(options).mouth.recognised
    assert recognised == (None if expected is None else Path(expected))
    assert len(options.ineffective_flags) == ("visemes" in more)


def test_the_engine_reads_the_track_before_a_face_is_looked_for(voice, track):
    options = Options(face=PORTRAIT, audio=voice, visemes=track, engine="puppet")
    stages = stages_of(settings_of(options))
    track.write_text("cut off")
    with pytest.raises(InputError, match="not JSON"):
        stages.prepare()
