"""The mouth follows one sound while another is heard."""

from dataclasses import replace

import av
import numpy as np
import pytest

from audio.load import load_sound
from command.cli import main
from options.options import Options
from pipeline.job import open_job
from pipeline.mouth_audio import mouth_audio
from pipeline.settings import settings_of
from tests.media import make_picture, make_sound
from tests.talking import PORTRAIT, pause, vowel

RATE = 16_000


def wav(path, *parts):
    return make_sound(path, rate=RATE, samples=np.concatenate(parts)[None], codec="pcm_f32le")


@pytest.fixture
def heard(tmp_path):
    """One second: a voice, then nothing."""
    return wav(tmp_path / "heard.wav", vowel("a", 0.5), pause(0.5))


def test_without_one_the_mouth_follows_what_is_heard(heard):
    sound = load_sound(heard)
    assert mouth_audio(None, sound, 0) == (sound, ())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.3, "rests after its end"),
        (0.6, None),
        (1.0, None),
        (1.45, None),
        (1.6, "left out"),
    ],
)
def test_it_is_as_long_as_what_is_heard(heard, tmp_path, seconds, words):
    """And what is cut off, or missing, is told where it is more than half a second."""
    voice = load_sound(wav(tmp_path / "voice.wav", vowel("i", seconds)))
    drive, notices = mouth_audio(tmp_path / "voice.wav", load_sound(heard), 0)
    assert len(drive.samples) == RATE
    both = min(len(voice.samples), RATE)
    assert np.array_equal(drive.samples[:both], voice.samples[:both])
    assert not drive.samples[both:].any()
    assert len(notices) == (words is not None)
    assert all(words in n and f"{seconds:.2f} s" in n and "1.00 s" in n for n in notices)


@pytest.fixture
def options(heard, tmp_path):
    return Options(
        face=make_picture(tmp_path / "face.png", np.zeros((96, 96, 3), np.uint8), ".png"),
        audio=heard,
        outfile=tmp_path / "out.mp4",
        drive_audio=wav(tmp_path / "drive.wav", pause(0.5), vowel("a", 0.5)),
    )


def test_mel_and_speech_are_the_drives_and_the_sound_is_the_others(options):
    job = open_job(settings_of(options))
    plain = open_job(settings_of(replace(options, drive_audio=None)))
    assert len(job.windows) == len(plain.windows) == 25
    assert job.windows.speaking[15:].all() and not job.windows.speaking[:9].any()
    assert plain.windows.speaking[:12].all() and not plain.windows.speaking[16:].any()
    assert job.windows.slice(2, 3).max() == -4 < plain.windows.slice(2, 3).max()
    assert job.target.sound == plain.target.sound == options.audio


def made(tmp_path, name, *words):
    out = tmp_path / f"{name}.mkv"
    given = ["--face", str(PORTRAIT), "--outfile", str(out), "--engine", "puppet"]
    assert main([*given, "--encoder", "ffv1", *words]) == 0
    with av.open(str(out)) as file:
        frames = [frame.to_ndarray(format="gray").astype(int) for frame in file.decode(video=0)]
    return frames, load_sound(out).samples


def moved(frames, rest=-1):
    """By how much each frame differs from the one at rest."""
    return np.array([np.abs(frame - frames[rest]).mean() for frame in frames])


def test_the_mouth_follows_the_drive_and_the_sound_is_heard(heard, tmp_path, capsys):
    """The heard voice is in the first half, the mouth's in the second."""
    voice = wav(tmp_path / "d.wav", pause(0.4), vowel("a", 0.3), pause(0.3))
    frames, sound = made(tmp_path, "d", "--audio", str(heard), "--drive_audio", str(voice))
    motion = moved(frames, rest=0)  # at the end the mouth is still on its way there
    assert len(frames) == 25 and motion[11:16].min() > 10 * max(motion[:7].max(), 0.01)
    assert np.abs(sound[: RATE // 2]).mean() > 0.05 > np.abs(sound[9000:]).max()
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_a_drive_that_ends_early_is_told_and_the_mouth_rests(heard, tmp_path, capsys):
    voice = wav(tmp_path / "d.wav", vowel("a", 0.2))
    report = tmp_path / "r.json"
    words = ["--audio", str(heard), "--drive_audio", str(voice), "--report", str(report)]
    frames, _ = made(tmp_path, "d", *words)
    motion = moved(frames)
    assert motion[2:4].min() > 0.1 and not motion[12:].any()
    first, _ = capsys.readouterr().err.splitlines()
    assert "--drive_audio lasts 0.20 s" in first and first in report.read_text()


def test_a_drive_that_cannot_be_read_is_an_input_error(heard, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("no sound\n")
    words = ["--face", str(PORTRAIT), "--audio", str(heard), "--outfile", str(tmp_path / "o.mp4")]
    assert main([*words, "--drive_audio", str(tmp_path / "text.wav")]) == 3
    assert "text.wav" in capsys.readouterr().err
    assert not (tmp_path / "o.mp4").exists()
