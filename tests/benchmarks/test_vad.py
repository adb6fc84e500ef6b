"""Scores of known answers, and mixtures with the noise and level that they should have."""

import json

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound, load_sound
from benchmarks.__main__ import main
from benchmarks.material.sound import SPEECH
from benchmarks.vad.measure import Row
from benchmarks.vad.mixtures import (
    NOISES,
    PAUSE,
    insert_pauses,
    mix_noise,
    prepare_speech,
    quietest_sample,
)
from benchmarks.vad.scores import Score, score_speech
from benchmarks.vad.table import figures
from tests.media import make_sound
from tests.slow import rest_slow, slow


@pytest.fixture(scope="module")
def speech():
    return prepare_speech(load_sound(SPEECH))


def truth(*stretches):
    """Frames in turns of silence and speech."""
    return np.concatenate([np.full(n, i % 2 == 1) for i, n in enumerate(stretches)])


TRUE = truth(50, 50, 50, 50, 50)


def test_the_truth_has_a_perfect_score():
    result = score_speech(TRUE, TRUE)
    assert (result.kept, result.skipped, result.border_ms, result.borders) == (1, 1, 0, 1)
    assert 0.4 < result.saved < 0.6


def test_all_frames_as_speech_skip_and_save_nothing():
    result = score_speech(np.ones(250, bool), TRUE)
    assert (result.kept, result.skipped, result.saved) == (1, 0, 0)
    assert result.border_ms is None and result.borders == 0


def test_no_frame_as_speech_keeps_nothing():
    result = score_speech(np.zeros(250, bool), TRUE)
    assert (result.kept, result.skipped, result.borders) == (0, 1, 0)
    assert result.saved > 0.9


def test_borders_are_off_by_as_much_as_they_were_moved():
    """Begins 2 frames late, ends 5 frames late."""
    result = score_speech(truth(52, 53, 47, 53, 45), TRUE)
    assert result.border_ms == pytest.approx((80 + 200) / 2) and result.borders == 1
    assert result.kept == pytest.approx(96 / 100) and result.skipped == pytest.approx(140 / 150)


def test_a_begin_is_no_end():
    result = score_speech(~TRUE, TRUE)
    assert result.border_ms is None and result.borders == 0 == result.kept == result.skipped


def test_a_border_far_away_is_another_one():
    result = score_speech(truth(50, 50, 50, 100), TRUE)
    assert result.borders == 3 / 4 and result.border_ms == 0


@pytest.mark.parametrize("wrong", [TRUE[:-1], np.ones(250, bool), np.zeros(250, bool)])
def test_a_truth_without_both_kinds_cannot_be_scored(wrong):
    with pytest.raises(ValueError, match="of both kinds"):
        score_speech(TRUE, wrong)


def test_phrases_are_cut_where_it_is_quiet():
    samples = np.full(SAMPLE_RATE * 4, 0.3, np.float32)
    samples[30_000:31_000] = 0
    assert 30_000 < quietest_sample(samples, 28_000) < 31_000


def test_pauses_are_put_between_phrases_and_at_both_ends():
    samples = np.full(SAMPLE_RATE * 5, 0.3, np.float32)
    spaced = insert_pauses(samples)
    assert np.count_nonzero(spaced) == len(samples)
    assert len(spaced) == len(samples) + 3 * round(PAUSE * SAMPLE_RATE)
    assert not spaced[:SAMPLE_RATE].any() and not spaced[-SAMPLE_RATE:].any()


@pytest.mark.parametrize("level", [0.05, 1.0])
def test_the_truth_does_not_depend_on_the_level(speech, level):
    quiet = load_sound(SPEECH)
    other = prepare_speech(Sound(np.float32(level) * quiet.samples))
    assert np.array_equal(other.truth, speech.truth)
    assert 0.4 < speech.truth.mean() < 0.7 and np.count_nonzero(np.diff(speech.truth)) == 8


@pytest.mark.parametrize("kind", rest_slow(NOISES, 2))
@pytest.mark.parametrize("decibels", [slow(20.0), 0.0])
def test_the_speech_is_so_much_louder_than_the_noise(speech, kind, decibels):
    noise = mix_noise(speech, kind, decibels).samples.astype(float) - speech.sound.samples
    heard = np.abs(noise) > 1e-9
    voice = speech.sound.samples[speech.samples].astype(float)
    difference = 10 * np.log10(np.mean(voice**2) / np.mean(noise[heard] ** 2))
    assert difference == pytest.approx(decibels, abs=0.1)
    assert np.array_equal(
        mix_noise(speech, kind, decibels).samples, mix_noise(speech, kind, decibels).samples
    )


def test_breath_is_in_the_pauses_alone(speech):
    noise = mix_noise(speech, "breath", 0.0).samples - speech.sound.samples
    assert not noise[speech.samples].any() and noise.any()


def test_pink_has_as_much_in_every_octave(speech):
    noise = NOISES["pink"](~speech.samples, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    octaves = [power[(hertz >= f) & (hertz < 2 * f)].sum() for f in (125, 500, 2000)]
    assert max(octaves) < 1.3 * min(octaves)


def test_only_silero_has_a_limit_and_only_in_clear_speech():
    bad = Score(kept=0.5, skipped=0.1, border_ms=None, borders=0.0, saved=0.0)
    good = Score(kept=0.95, skipped=0.9, border_ms=40.0, borders=1.0, saved=0.4)
    assert Row("music", 0.0, "silero", bad).passed and Row("music", 20.0, "energy", bad).passed
    assert Row("music", 10.0, "silero", good).passed
    for low in ({"kept": 0.89}, {"skipped": 0.79}):
        assert not Row("music", 10.0, "silero", Score(**{**vars(good), **low})).passed
    lines = figures([Row("hum", 10.0, "silero", bad), Row("hum", 10.0, "silero", good)])
    assert lines.count("too little") == 1 and "| 40 ms" in lines


def test_the_command_writes_figures(tmp_path, capsys):
    out = tmp_path / "v.json"
    assert main(["vad", "--quick", "--vad", "energy", "--vad", "none", "--out", str(out)]) == 0
    kept = json.loads(out.read_text())
    assert {"machine", "commit", "settings", "passed", "rows"} <= set(kept)
    assert [row["vad"] for row in kept["rows"]] == ["energy", "none"] * len(NOISES)
    assert {row["noise"] for row in kept["rows"]} == set(NOISES)
    assert all(row["kept"] == 1 for row in kept["rows"])
    assert "| music" in capsys.readouterr().out


def test_a_sound_in_which_nobody_speaks_is_refused(tmp_path, capsys):
    hush = make_sound(tmp_path / "hush.wav", samples=np.zeros((1, 16_000), np.float32))
    assert main(["vad", "--speech", str(hush)]) == 3
    assert "hush.wav': nobody speaks" in capsys.readouterr().err
    assert main(["vad", "--speech", str(tmp_path / "none.wav")]) == 3
    assert "none.wav" in capsys.readouterr().err


def test_silero_keeps_its_promise(capsys):
    assert main(["vad", "--quick", "--vad", "silero"]) == 0
    assert capsys.readouterr().out.count("| silero |") == len(NOISES)
