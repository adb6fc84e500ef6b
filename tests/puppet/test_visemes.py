"""The mouth follows phonemes: lips that must meet do, and nothing pops."""

from dataclasses import astuple
from functools import cache

import numpy as np
import pytest

from base.generator import Batch
from base.phonemes import ARPABET, Phoneme
from puppet import load_puppet
from puppet.motion import Pose, SoundHistory, add_window, pose_from_sound
from puppet.visemes import SHAPES, Visemes, pose_of
from tests.cases import each
from tests.slow import rest_slow, slow
from tests.talking import LANDMARKS, drawn, pause, vowel, windows

LETTERS = sorted(SHAPES)


def track(*symbols, seconds=0.06, begin=1.0):
    """The symbols one after another, each as long, or as a pair says."""
    phonemes = []
    for one in symbols:
        symbol, length = one if isinstance(one, tuple) else (one, seconds)
        phonemes.append(Phoneme(symbol, begin, begin + length))
        begin += length
    return Visemes(tuple(phonemes))


def middle(visemes, number):
    phoneme = visemes.phonemes[number]
    return visemes.pose_at((phoneme.begin + phoneme.end) / 2)


def curve(visemes, step=0.001, end=4.0):
    """(times, 5): the poses' values."""
    return np.array([astuple(visemes.pose_at(t)) for t in np.arange(0, end, step)])


@cache
def random_curve(seed):
    return curve(random_track(seed))


def random_track(seed):
    random = np.random.default_rng(seed)
    begin, phonemes = random.uniform(0, 1), []
    for _ in range(30):
        end = begin + random.choice([0.0, 0.02, 0.06, 0.1, 0.3]) * random.uniform(0.5, 1.5)
        phonemes.append(Phoneme(random.choice([*LETTERS, "sil", "?!", "AY1"]), begin, end))
        begin = end + random.choice([0, 0, 0, 0.04, 0.06, 0.29, 0.31, 0.8])
    return Visemes(tuple(phonemes))


@pytest.mark.parametrize("closed", "pbm")
@pytest.mark.parametrize("vowel", ["a", "i", "u"])
def test_lips_meet_in_the_middle_of_p_b_m_at_five_phonemes_in_0_3_s(closed, vowel):
    visemes = track(closed, vowel, closed, vowel, closed)
    assert [middle(visemes, n).closing for n in (0, 2, 4)] == [1.0, 1.0, 1.0]
    assert max(middle(visemes, n).closing for n in (1, 3)) < 0.5
    assert middle(visemes, 0).tuck == 0


@each("fps", [24, 25, 30])
@each("shift", np.linspace(0, 0.04, 7))
def test_some_frame_shows_every_closure(fps, shift):
    visemes = track("a", "p", ("a", 0.1), ("b", 0.03), "a", begin=1.0 + shift)
    frames = [visemes.pose_at(frame / fps).closing for frame in range(2 * fps)]
    complete = np.flatnonzero(np.array(frames) > 0.9)
    assert np.count_nonzero(np.diff(complete, prepend=-9) > 1) == 2


@pytest.mark.parametrize("lip_on_teeth", "fv")
def test_the_lower_lip_is_tucked_in_the_middle_of_f_and_v(lip_on_teeth):
    visemes = track("a", lip_on_teeth, "a", lip_on_teeth, "i")
    assert middle(visemes, 1).tuck == middle(visemes, 3).tuck == 1.0
    assert middle(visemes, 1).closing == 0.0
    assert middle(visemes, 2).tuck < 0.5


def test_lips_stay_closed_through_a_long_m():
    visemes = track(("a", 0.3), ("m", 0.5), ("a", 0.3))
    assert all(visemes.pose_at(t).closing == 1.0 for t in np.linspace(1.33, 1.77, 30))


def test_vowels_have_their_shapes():
    wide, narrow, rounded, neutral = (middle(track((v, 0.3)), 0) for v in "aiuə")
    assert wide.jaw > 0.7 > neutral.jaw > narrow.jaw > 0.1
    assert narrow.width > 0.6 and rounded.width < -0.8 and abs(neutral.width) < 0.1


def test_teeth_come_together_in_s_and_lips_protrude_in_sh():
    s, sh = (middle(track(("a", 0.2), (c, 0.1), ("a", 0.2)), 1) for c in "sʃ")
    assert s.jaw < 0.25 and sh.jaw < 0.3
    assert s.width > 0 > sh.width


@pytest.mark.parametrize("follower", "kgh")
def test_k_g_h_follow_their_neighbours(follower):
    among_a, among_i = (middle(track((v, 0.2), (follower, 0.06), (v, 0.2)), 1) for v in "ai")
    assert among_a.jaw > 0.6 and among_i.jaw < 0.3
    assert among_i.width > 0.5


def test_lips_are_rounded_before_the_vowel_is_heard():
    rounded, spread = (track(("a", 0.2), ("s", 0.08), ("t", 0.06), (v, 0.2)) for v in "ui")
    assert middle(rounded, 1).width < -0.1 < 0.0 < middle(spread, 1).width
    assert middle(rounded, 2).width < -0.4


def test_a_short_vowel_opens_less():
    slow, fast = (track(*"tat", seconds=s) for s in (0.2, 0.05))
    assert middle(fast, 1).jaw < 0.7 * middle(slow, 1).jaw


@pytest.mark.parametrize("seed", rest_slow([*range(4), *map(slow, range(4, 12))], 2))
def test_no_pose_pops_and_none_is_impossible(seed):
    """Bounds per millisecond: lips close in 60 ms, speech begins in 80."""
    steps = np.abs(np.diff(random_curve(seed), axis=0)).max(axis=0)
    jaw, width, closing, tuck, speech = steps
    assert jaw < 0.035 and width < 0.03
    assert max(closing, tuck) < 1.51 / 60 and speech < 1.51 / 80


def test_a_fast_string_moves_the_jaw_less_than_half_its_range_between_frames():
    visemes = track(*"tatapasakalama", seconds=0.06)
    jaws = [visemes.pose_at(1 + frame / 25).jaw for frame in range(25)]
    assert 0.1 < np.abs(np.diff(jaws)).max() < 0.45


@pytest.mark.parametrize("seed", rest_slow(range(12), 2))
def test_nothing_moves_where_nobody_speaks(seed):
    values = random_curve(seed)
    silent = values[:, 4] == 0
    assert silent.any() and not values[silent].any()
    assert (values[~silent, 4] > 0).all()


def test_speech_rises_before_and_falls_after_and_stays_in_short_pauses():
    visemes = track("a", "n", ("sil", 0.29), "a", ("sil", 0.8), "a")
    speech = {t: visemes.pose_at(t).speech for t in (0.9, 0.96, 1.0, 1.25, 1.47, 1.6, 1.9, 2.1)}
    assert list(speech.values()) == pytest.approx([0, 0.5, 1, 1, 1, 0.52, 0, 0], abs=0.05)
    assert visemes.pose_at(1.25).jaw < 0.1


@pytest.mark.parametrize("time", [-5.0, 0.0, 0.9, 1.4, 1e6])
def test_the_mouth_rests_outside_the_track(time):
    assert track("p", "a").pose_at(time) == Pose()


@pytest.mark.parametrize("phonemes", [(), (Phoneme("sil", 0, 1),)])
def test_a_track_of_silence_rests(phonemes):
    assert Visemes(phonemes).pose_at(0.5) == Pose()


def test_both_alphabets_say_the_same_word():
    ipa = track("b", "j", "ˈuː", "t", "ə", "f", "ʊ", "l", "tʃ", "aɪ", "l", "d")
    arpabet = track("B", "Y", "UW1", "T", "AX", "F", "UH0", "L", "CH", "AY1", "L", "D")
    assert np.array_equal(curve(ipa, 0.01), curve(arpabet, 0.01))


def test_every_arpabet_symbol_has_a_shape():
    assert track(*ARPABET).unknown == ()


def test_phonemes_that_overlap_are_refused():
    with pytest.raises(ValueError, match="has ended"):
        Visemes((Phoneme("a", 0, 1), Phoneme("b", 0.5, 2)))


def heard(samples, fps=25):
    """The history of a sound up to each frame."""
    history = SoundHistory()
    for mel in windows(samples, fps):
        history = add_window(history, mel)
        yield history


def test_an_unknown_symbol_is_named_once_and_the_sound_moves_the_mouth():
    visemes = track(("a", 0.4), ("?!", 0.4), ("?!", 0.2), ("a", 0.4), begin=0.0)
    assert visemes.unknown == ("?!",)
    histories = list(heard(np.concatenate([vowel("i", 1.4), pause(0.2)])))
    for frame in range(11, 24):
        assert pose_of(histories[frame], visemes, frame / 25) == pose_from_sound(histories[frame])
    assert pose_of(histories[5], visemes, 0.2) != pose_from_sound(histories[5])


def test_a_louder_vowel_opens_wider_within_a_quarter():
    levels = (0.6, 0.35, 0.15)
    sound = np.concatenate([*(vowel("a", 0.4, level) for level in levels), pause(0.2)])
    visemes, histories = track(("a", 1.2), begin=0.0), list(heard(sound))
    jaws = [pose_of(histories[f], visemes, f / 25).jaw for f in (5, 15, 25)]
    usual = visemes.pose_at(0.6).jaw
    assert 1.25 * usual >= jaws[0] > 1.05 * jaws[1] > 1.05 * jaws[2] >= 0.7 * usual


def test_without_phonemes_the_sound_alone_counts():
    history = list(heard(vowel("a", 0.5)))[6]
    assert pose_of(history, None, 0.24) == pose_from_sound(history)


def batch(times):
    n = 20
    mels = windows(pause(n / 25))
    faces, landmarks = np.repeat(drawn()[None], n, 0), np.repeat(LANDMARKS[None], n, 0)
    return Batch(mels, faces, landmarks, times=times)


def test_the_puppet_follows_them_at_the_frames_times():
    """There is no sound at all."""
    visemes = track(("a", 0.3), begin=10.2)
    (moved,) = load_puppet(visemes=visemes)([batch(10 + np.arange(20) / 25)])
    (still,) = load_puppet(visemes=visemes)([batch(np.arange(20) / 25)])
    change = np.abs(moved.astype(int) - still).mean(axis=(1, 2, 3))
    assert np.array_equal(still, batch(None).faces)
    assert change[7:12].min() > 0.2 and not change[:2].any() and not change[-1].any()


def test_the_puppet_asks_for_the_frames_times():
    with pytest.raises(ValueError, match="times"):
        next(load_puppet(visemes=track("a"))([batch(None)]))
