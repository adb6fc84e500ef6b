"""A planted lag is found, and chance agreement does not count as sync."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound, load_sound
from command.cli import main
from quality.comparison import Comparison, compared_frames
from quality.opening import mouth_opening, mouth_openings
from quality.sync import Sync, autocorrelation, frame_loudness, measure_sync
from tests.quality.drawn_faces import at_frames, mouth_crop, syllables, voice
from tests.talking import PORTRAIT

FPS = Fraction(25)
LADDER = [mouth_opening(*mouth_crop(gap)) for gap in range(15)]
SPEECH = PORTRAIT.parent / "speech.m4a"


def drawn_openings(curve):
    """The measured mouth_openings of drawn mouths that follow a curve in 0..1."""
    return np.interp(14 * curve, np.arange(15), LADDER)


@pytest.mark.parametrize("late", [0, 1, 3, -4, 0.5, -1.5])
def test_a_planted_lag_is_found(late):
    loud = syllables(200)
    sync = measure_sync(drawn_openings(at_frames(loud, late)), at_frames(loud, 0), FPS)
    assert sync.lag_ms == pytest.approx(40 * late, abs=8)
    assert sync.strength > 0.8 and sync.confidence == 1


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_a_lag_is_in_milliseconds(fps):
    frames = round(8 * fps)
    loud = syllables(frames, float(fps))
    sync = measure_sync(at_frames(loud, 3), at_frames(loud, 0), fps)
    assert sync.lag_ms == pytest.approx(float(3000 / fps), abs=4)
    lags = [lag for lag, _ in sync.curve]
    assert lags[0] == pytest.approx(float(-15_000 / fps)) and lags[15] == 0


def test_a_mouth_of_somebody_else_is_not_believed():
    curves = [at_frames(syllables(250, seed=n), 0) for n in range(200)]
    pairs = zip(curves[:100], curves[100:], strict=True)
    confidences = [measure_sync(mouth, voice, FPS).confidence for mouth, voice in pairs]
    assert np.mean(np.array(confidences) > 0.5) <= 0.02


def test_a_mouth_that_only_trembles_is_not_believed():
    tremble = 0.12 + 0.002 * np.random.default_rng(3).normal(size=250)
    assert measure_sync(tremble, at_frames(syllables(250), 0), FPS).confidence < 0.3


def test_a_lag_beyond_reach_is_not_believed():
    loud = syllables(300)
    sync = measure_sync(at_frames(loud, 15.3), at_frames(loud, 0), FPS)
    assert sync.strength > 0.8 and sync.confidence == 0


def test_a_noisy_mouth_is_believed_less():
    loud = syllables(250)
    noise = np.random.default_rng(1).normal(size=250)
    clean, rough, lost = (
        measure_sync(at_frames(loud, 2) + share * noise, at_frames(loud, 0), FPS)
        for share in (0, 0.7, 9)
    )
    assert clean.strength > rough.strength > lost.strength
    assert rough.lag_ms == pytest.approx(80, abs=20)
    assert clean.confidence >= rough.confidence > lost.confidence


def test_frames_without_a_face_are_passed_over():
    loud = syllables(250)
    mouth = at_frames(loud, 3)
    mouth[40:60] = np.nan
    mouth[100:103] = np.nan
    assert measure_sync(mouth, at_frames(loud, 0), FPS).lag_ms == pytest.approx(120, abs=8)


@pytest.mark.parametrize(
    "mouth",
    [np.full(250, 0.12), np.full(250, np.nan), at_frames(syllables(30), 0), np.zeros(0)],
    ids=["frozen", "no face", "short", "empty"],
)
def test_where_nothing_moves_there_is_no_lag(mouth):
    assert measure_sync(mouth, at_frames(syllables(250), 0), FPS) == Sync(None, 0.0, 0.0, ())


def test_silence_has_no_lag():
    silent = frame_loudness(Sound(np.zeros(SAMPLE_RATE * 10, np.float32)), FPS, 250)
    assert measure_sync(at_frames(syllables(250), 0), silent, FPS).lag_ms is None


def test_loudness_lies_at_its_frames():
    levels = np.zeros(100)
    levels[60:64] = 1
    sound = voice(levels)
    loudness = frame_loudness(sound, FPS, 100)
    assert loudness.argmax() in (61, 62) and loudness[:55].max() < 0.1 * loudness.max()
    delayed = frame_loudness(sound, FPS, 100, delay=Fraction(1, 5))
    assert delayed.argmax() == loudness.argmax() + 5
    assert len(frame_loudness(sound, FPS, 400)) == 400


@pytest.mark.parametrize("frames", [2, 50, 251, 2048])
def test_the_autocorrelation_equals_the_direct_sums(frames):
    curve = np.random.default_rng(frames).normal(size=frames).cumsum()
    centred = curve - curve.mean()
    direct = np.correlate(centred, centred, "full")[frames:] / (centred @ centred)
    assert autocorrelation(curve) == pytest.approx(direct, rel=0, abs=1e-9)


def test_an_hour_costs_no_square_of_its_frames(monkeypatch):
    """Neither in products nor in memory: 90,000 frames squared would be 8,100 million."""
    products = []

    def counting(function):
        def counted(a, v, *mode):
            products.append(len(a) * len(v))
            return function(a, v, *mode)

        return counted

    monkeypatch.setattr(np, "convolve", counting(np.convolve))
    monkeypatch.setattr(np, "correlate", counting(np.correlate))
    hour = syllables(90_000)
    mouth, loudness = at_frames(hour, 3), at_frames(hour, 0)
    tracemalloc.start()
    sync = measure_sync(mouth, loudness, FPS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sync.lag_ms == pytest.approx(120, abs=8) and sync.confidence == 1
    assert 0 < sum(products) < 1000 * len(mouth) and peak < 1000 * len(mouth)  # bytes


def test_a_curve_of_confidences_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        Sync(0.0, 1.0, 1.5, ())


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    """The mouth_openings of the portrait speaking the demo's sound, 40 ms late, and the sound."""
    result = tmp_path_factory.mktemp("portrait") / "result.mp4"
    arguments = f"--face {PORTRAIT} --audio {SPEECH} --outfile {result} --progress none"
    assert main([*arguments.split(), "--engine", "puppet", "--audio_offset", "40"]) == 0
    openings = mouth_openings(compared_frames(Comparison(result, PORTRAIT)))
    return openings.result, load_sound(SPEECH)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 1, -4])
def test_the_command_with_a_shifted_sound(portrait, shift):
    """Half a frame is allowed: the puppet itself moves a little early."""
    opened, sound = portrait
    loudness = frame_loudness(sound, FPS, len(opened), delay=-shift / FPS)
    sync = measure_sync(opened, loudness, FPS)
    assert sync.lag_ms == pytest.approx(40 + 40 * shift, abs=20)
    assert sync.strength > 0.8 and sync.confidence > 0.9


def test_a_drawn_mouth_does_not_follow_the_sound_played_backwards():
    openings = at_frames(syllables(250), 0)
    assert measure_sync(openings, openings, FPS).confidence > 0.9
    assert measure_sync(openings, openings[::-1], FPS).confidence < 0.5


@pytest.mark.slow
def test_a_sound_played_backwards_is_not_believed(portrait):
    opened, sound = portrait
    loudness = frame_loudness(sound, FPS, len(opened))[::-1]
    assert measure_sync(opened, loudness, FPS).confidence < 0.5
