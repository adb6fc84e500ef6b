"""A planted lag is found, chance is not believed."""

from fractions import Fraction

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound, load
from command.cli import main
from quality.opening import opening, openings
from quality.sync import Sync, loudness_of, sync_of
from quality.view import View, sights
from tests.quality.faces_drawn import babble, face, hum, shown
from tests.talking import PORTRAIT

FPS = Fraction(25)
LADDER = [opening(*face(gap)) for gap in range(15)]
SPEECH = PORTRAIT.parent / "speech.m4a"


def drawn(curve):
    """The openings of drawn mouths that follow a curve in 0..1."""
    return np.interp(14 * curve, np.arange(15), LADDER)


@pytest.mark.parametrize("late", [0, 1, 3, -4, 0.5, -1.5])
def test_a_planted_lag_is_found(late):
    loud = babble(200)
    found = sync_of(drawn(shown(loud, late)), shown(loud, 0), FPS)
    assert found.lag_ms == pytest.approx(40 * late, abs=8)
    assert found.strength > 0.8 and found.confidence == 1


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_a_lag_is_in_milliseconds(fps):
    frames = round(8 * fps)
    loud = babble(frames, float(fps))
    found = sync_of(shown(loud, 3), shown(loud, 0), fps)
    assert found.lag_ms == pytest.approx(float(3000 / fps), abs=4)
    lags = [lag for lag, _ in found.curve]
    assert lags[0] == pytest.approx(float(-15_000 / fps)) and lags[15] == 0


def test_a_mouth_of_somebody_else_is_not_believed():
    found = [
        sync_of(shown(babble(250, seed=n), 0), shown(babble(250, seed=n + 100), 0), FPS).confidence
        for n in range(100)
    ]
    assert np.mean(np.array(found) > 0.5) <= 0.02


def test_a_mouth_that_only_trembles_is_not_believed():
    tremble = 0.12 + 0.002 * np.random.default_rng(3).normal(size=250)
    assert sync_of(tremble, shown(babble(250), 0), FPS).confidence < 0.3


def test_a_lag_beyond_reach_is_not_believed():
    loud = babble(300)
    found = sync_of(shown(loud, 15.3), shown(loud, 0), FPS)
    assert found.strength > 0.8 and found.confidence == 0


def test_a_noisy_mouth_is_believed_less():
    loud = babble(250)
    noise = np.random.default_rng(1).normal(size=250)
    clean, rough, lost = (
        sync_of(shown(loud, 2) + share * noise, shown(loud, 0), FPS) for share in (0, 0.7, 9)
    )
    assert clean.strength > rough.strength > lost.strength
    assert rough.lag_ms == pytest.approx(80, abs=20)
    assert clean.confidence >= rough.confidence > lost.confidence


def test_frames_without_a_face_are_passed_over():
    loud = babble(250)
    mouth = shown(loud, 3)
    mouth[40:60] = np.nan
    mouth[100:103] = np.nan
    assert sync_of(mouth, shown(loud, 0), FPS).lag_ms == pytest.approx(120, abs=8)


@pytest.mark.parametrize(
    "mouth",
    [np.full(250, 0.12), np.full(250, np.nan), shown(babble(30), 0), np.zeros(0)],
    ids=["frozen", "no face", "short", "empty"],
)
def test_where_nothing_moves_there_is_no_lag(mouth):
    assert sync_of(mouth, shown(babble(250), 0), FPS) == Sync(None, 0.0, 0.0, ())


def test_silence_has_no_lag():
    silent = loudness_of(Sound(np.zeros(SAMPLE_RATE * 10, np.float32)), FPS, 250)
    assert sync_of(shown(babble(250), 0), silent, FPS).lag_ms is None


def test_loudness_lies_at_its_frames():
    levels = np.zeros(100)
    levels[60:64] = 1
    sound = hum(levels)
    loud = loudness_of(sound, FPS, 100)
    assert loud.argmax() in (61, 62) and loud[:55].max() < 0.1 * loud.max()
    later = loudness_of(sound, FPS, 100, later=Fraction(1, 5))
    assert later.argmax() == loud.argmax() + 5
    assert len(loudness_of(sound, FPS, 400)) == 400


def test_a_curve_of_confidences_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        Sync(0.0, 1.0, 1.5, ())


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    """The openings of the portrait that speaks the kept sound, made to be 40 ms late."""
    result = tmp_path_factory.mktemp("spoken") / "result.mp4"
    words = f"--face {PORTRAIT} --audio {SPEECH} --outfile {result} --no_cache --progress none"
    assert main([*words.split(), "--engine", "puppet", "--audio_offset", "40"]) == 0
    return openings(sights(View(result, PORTRAIT))), load(SPEECH)


@pytest.mark.parametrize("shift", [0, 1, -4])
def test_the_command_with_a_shifted_sound(portrait, shift):
    """Half a frame is allowed, as the puppet's own haste is part of it."""
    opened, sound = portrait
    loudness = loudness_of(sound, FPS, len(opened), later=-shift / FPS)
    found = sync_of(opened, loudness, FPS)
    assert found.lag_ms == pytest.approx(40 + 40 * shift, abs=20)
    assert found.strength > 0.8 and found.confidence > 0.9


def test_a_sound_that_runs_backwards_is_of_somebody_else(portrait):
    opened, sound = portrait
    loudness = loudness_of(sound, FPS, len(opened))[::-1]
    assert sync_of(opened, loudness, FPS).confidence < 0.5
