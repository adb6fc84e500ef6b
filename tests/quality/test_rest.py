"""A mouth left open in a pause and one frozen in speech are found; a good one passes."""

from fractions import Fraction

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound
from quality.measurement import rest_values
from quality.opening import WIDTHS, mouth_opening
from quality.rest import Rest, measure_rest, speech_frames
from quality.verdict import BOUNDS, judge, worst_level
from tests.quality.drawn_faces import at_frames, mouth_crop, syllables, voice

FPS = Fraction(25)
SPEECH = np.r_[np.ones(100), np.zeros(50), np.ones(75), np.zeros(25)].astype(bool)
LADDER = [WIDTHS * mouth_opening(*mouth_crop(gap)) for gap in range(15)]


def drawn_openings(curve):
    """The measured openings of drawn mouths along a curve in 0..1, with an encoder's noise."""
    tremble = 0.0025 * np.random.default_rng(0).normal(size=len(curve))
    return np.interp(14 * curve, np.arange(15), LADDER) + tremble


@pytest.fixture
def mouth():
    """A mouth that moves in speech and closes in pauses."""
    return at_frames(syllables(len(SPEECH)), 0) * SPEECH


def test_a_good_mouth_rests_and_moves(mouth):
    rest = measure_rest(drawn_openings(mouth), SPEECH, FPS)
    assert rest.moves_in_pauses < 0.025 < 0.1 < rest.moves_in_speech
    assert rest.share_of_speech_moving > 0.9 and rest.open_in_pauses < 0.1
    assert (rest.pause_seconds, rest.speech_seconds) == (2.4, 7.0)


def test_a_mouth_left_open_in_pauses_is_found(mouth):
    rest = measure_rest(drawn_openings(np.where(SPEECH, mouth, 0.95)), SPEECH, FPS)
    assert rest.open_in_pauses > 0.9 and rest.moves_in_pauses < 0.025


def test_a_photo_with_an_open_mouth_need_not_close_it(mouth):
    openings = drawn_openings(np.where(SPEECH, mouth, 0.6))
    own = float(np.median(openings[~SPEECH]))
    assert measure_rest(openings, SPEECH, FPS).open_in_pauses > 0.5
    assert measure_rest(openings, SPEECH, FPS, own).open_in_pauses == 0.0


def test_a_mouth_that_goes_on_in_pauses_is_found(mouth):
    going = np.where(SPEECH, mouth, at_frames(syllables(len(SPEECH), seed=5), 0))
    assert measure_rest(drawn_openings(going), SPEECH, FPS).moves_in_pauses > 0.1


def test_a_mouth_frozen_in_speech_is_found(mouth):
    frozen = mouth.copy()
    frozen[150:225] = 0.4
    share = measure_rest(drawn_openings(frozen), SPEECH, FPS).share_of_speech_moving
    assert 0.5 < share < 0.68


@pytest.mark.parametrize("level", [0.0, 0.7])
def test_a_mouth_that_never_moves_is_neither_open_nor_closed(level):
    rest = measure_rest(drawn_openings(np.full(len(SPEECH), level)), SPEECH, FPS)
    assert rest.share_of_speech_moving == 0 and rest.open_in_pauses is None


def test_pauses_speech_or_faces_that_are_missing_have_no_figures(mouth):
    nobody = np.full(len(SPEECH), np.nan)
    assert measure_rest(nobody, SPEECH, FPS) == Rest(None, None, None, None, 0, 0)
    talks = measure_rest(drawn_openings(mouth), np.ones_like(SPEECH), FPS)
    assert (talks.moves_in_pauses, talks.open_in_pauses, talks.pause_seconds) == (None, None, 0)
    hushed = measure_rest(drawn_openings(mouth), np.zeros_like(SPEECH), FPS)
    assert (hushed.moves_in_speech, hushed.share_of_speech_moving) == (None, None)


def test_frames_without_a_face_count_for_nothing(mouth):
    openings = drawn_openings(mouth)
    openings[110:130] = np.nan
    assert measure_rest(openings, SPEECH, FPS).pause_seconds == pytest.approx(1.6)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_pause_is_what_is_quiet_beside_the_voice(noise):
    """Also where the noise of the room is louder than a fixed threshold for silence."""
    sound = voice(SPEECH.astype(float)).samples * 2
    room = noise * np.random.default_rng(0).normal(size=len(sound)).astype(np.float32)
    speech = speech_frames(Sound(sound + room), FPS, len(SPEECH))
    assert (speech != SPEECH).mean() < 0.08 and not speech[110:140].any()


def test_silence_and_snippets_are_no_speech():
    assert not speech_frames(Sound(np.zeros(SAMPLE_RATE, np.float32)), FPS, 25).any()
    assert not speech_frames(Sound(np.zeros(10, np.float32)), FPS, 1).any()


def level_of(curve):
    """The verdict on a result whose other figures are as they should be."""
    good = {bound.meter: bound.passes for bound in BOUNDS}
    return worst_level(
        judge({**good, **rest_values(measure_rest(drawn_openings(curve), SPEECH, FPS))})
    )


def test_the_verdict_is_passed_by_a_good_mouth(mouth):
    assert level_of(mouth) == "pass"


def test_the_verdict_fails_a_stale_open_mouth(mouth):
    """It hardly moves in pauses, so that only its opening gives it away."""
    assert level_of(np.where(SPEECH, mouth, 0.95)) == "fail"


@pytest.mark.parametrize("level", [0.0, 0.7])
def test_the_verdict_fails_a_frozen_mouth(level):
    assert level_of(np.full(len(SPEECH), level)) == "fail"
