import numpy as np
import pytest

from puppet.motion import Pose, SoundHistory, add_window, pose_from_sound
from tests.talking import loudness, pause, vowel, windows


def poses(mels):
    history, poses = SoundHistory(), []
    for mel in mels:
        history = add_window(history, mel)
        poses.append(pose_from_sound(history))
    return poses


def jaws(samples, fps=25):
    return np.array([p.jaw for p in poses(windows(samples, fps))])


def best_lag(a, b, reach=4):
    def correlation(lag):
        a_part = a[max(lag, 0) : len(a) + min(lag, 0)]
        return np.corrcoef(a_part, b[max(-lag, 0) : len(b) - max(lag, 0)])[0, 1]

    return max(range(-reach, reach + 1), key=correlation)


def phrase():
    parts = [pause(0.5)]
    for name, seconds, level in zip(
        "aiauaia", (2, 1, 3, 2, 1, 2, 3), (8, 4, 8, 3, 5, 8, 6), strict=True
    ):
        parts += [vowel(name, seconds / 10, level / 10), pause(0.15)]
    return np.concatenate([*parts, pause(0.5)])


@pytest.mark.parametrize("level", [0.0, 1e-5, 3e-4])
def test_nothing_moves_in_silence_or_in_faint_noise(level):
    noise = np.random.default_rng(1).normal(0, 1, 32_000) * level
    assert all(p.is_rest for p in poses(windows(noise.astype(np.float32))))


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_the_jaw_follows_the_loudness_without_lag(fps):
    sound = phrase()
    moved, loud = jaws(sound, fps), loudness(sound, fps)
    decibels = np.maximum(20 * np.log10(loud / loud.max() + 1e-9), -40)
    assert np.corrcoef(moved, loud)[0, 1] > 0.75
    assert np.corrcoef(moved, decibels)[0, 1] > 0.75
    assert abs(best_lag(moved, loud)) <= 1 and abs(best_lag(moved, decibels)) <= 1


def test_the_jaw_is_closed_again_in_a_pause():
    moved = jaws(np.concatenate([vowel("a", 0.5), pause(1.0), vowel("a", 0.5)]))
    assert moved[4:9].min() > 0.4
    assert moved[18:34].max() == 0.0


def test_it_opens_and_closes_within_a_few_frames_and_not_at_once():
    moved = jaws(np.concatenate([pause(1.0), vowel("a", 0.5), pause(1.0)]), fps=60)
    steps = np.abs(np.diff(moved))
    assert steps.max() < 0.35
    reached = np.flatnonzero(moved > 0.8 * moved.max())
    opened, closed = np.flatnonzero(moved)[[0, -1]]
    assert 2 <= reached[0] - opened <= 10
    assert 2 <= closed - reached[-1] <= 18


def test_bright_vowels_spread_and_dark_ones_round():
    voice = np.concatenate([vowel("a", 1.5), pause(0.1)])
    spread = poses(windows(np.concatenate([voice, vowel("i", 0.5)])))[-7]
    rounded = poses(windows(np.concatenate([voice, vowel("u", 0.5)])))[-7]
    assert spread.width > 0.3
    assert rounded.width < -0.3


def test_an_open_vowel_opens_further_than_a_narrow_one():
    assert np.median(jaws(vowel("a", 1.0))) > np.median(jaws(vowel("u", 1.0)))


def test_a_short_closure_between_vowels_brings_the_lips_together():
    sound = np.concatenate([vowel("a", 0.4), pause(0.09), vowel("a", 0.4)])
    sequence = poses(windows(sound, 50))
    middle = round((0.4 + 0.045) * 50)
    closure, before = sequence[middle - 1 : middle + 2], sequence[middle - 8]
    assert min(p.jaw for p in closure) < 0.35 * before.jaw
    assert max(p.closing for p in closure) > 0.3
    assert before.closing == 0.0


def test_no_lips_are_pressed_together_after_a_phrase():
    sequence = poses(windows(np.concatenate([vowel("a", 0.5), pause(1.0)])))
    assert max(p.closing for p in sequence[14:]) == 0.0


def test_a_steady_vowel_does_not_tremble():
    settled = poses(windows(vowel("a", 3.0)))[30:65]
    assert np.ptp([p.jaw for p in settled]) < 0.03
    assert np.ptp([p.width for p in settled]) < 0.1
    assert np.abs(np.diff([p.jaw for p in settled])).max() < 0.005


def test_the_same_moment_has_the_same_pose_at_any_frame_rate():
    sound = phrase()
    slow, fast = poses(windows(sound, 20)), poses(windows(sound, 40))
    # after the first windows, which are known at once to their end
    assert slow[12:] == fast[24 : 2 * len(slow) : 2]


def test_a_quiet_voice_opens_the_mouth_too():
    quiet = np.concatenate([vowel("a", 2.0, level=0.05)])
    assert jaws(quiet)[10:40].min() > 0.3


def test_windows_that_do_not_overlap_are_a_new_beginning():
    mels = windows(vowel("a", 2.0))
    history = add_window(add_window(SoundHistory(), mels[0]), mels[10])
    jumped = add_window(history, np.full((80, 16), 3.0, np.float32))
    assert (jumped.past[0] == -80).all()


@pytest.mark.parametrize(
    "wrong",
    [{"jaw": 2.1}, {"width": -2.0}, {"closing": float("nan")}, {"tuck": -0.1}, {"speech": 1.1}],
)
def test_a_pose_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="no mouth does this"):
        Pose(**wrong)


def test_a_pose_is_made_larger_and_smaller():
    moved = Pose(0.6, -0.5, 0.4)
    assert moved.scaled(1.0) == moved
    assert moved.scaled(0.0).is_rest
    assert moved.scaled(0.5) == Pose(0.3, -0.25, 0.2)
    assert moved.scaled(2.0) == Pose(1.2, -1.0, 0.8)
    assert Pose(1.0, 0.9, 0.7).scaled(2.0) == Pose(2.0, 1.0, 1.0)


def speeches(samples, fps=80):
    return np.array([p.speech for p in poses(windows(samples, fps))])


def test_speech_rises_before_a_sound_and_falls_after_it():
    rate = 80
    level = speeches(np.concatenate([pause(1.0), vowel("a", 0.5), pause(1.0)]), rate)
    begin, end = rate, round(1.5 * rate)
    assert not level[: begin - 12].any() and level[begin] > 0.9
    assert level[begin : end + 6].min() > 0.9
    assert 0.2 < level[end + round(0.25 * rate)] < 0.8
    assert not level[end + round(0.42 * rate) :].any()


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.28])
def test_speech_stays_in_a_short_pause(seconds):
    sound = np.concatenate([vowel("a", 0.5), pause(seconds), vowel("a", 0.5)])
    assert speeches(sound)[:80].min() > 0.8


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.35, 0.4, 0.45, 0.6, 1.0])
def test_speech_does_not_pop(seconds):
    sound = np.concatenate([vowel("a", 0.5), pause(seconds), vowel("a", 0.5), pause(0.6)])
    assert np.abs(np.diff(speeches(sound)[1:])).max() < 0.3


def test_a_mouth_moves_only_where_somebody_speaks():
    moved = poses(windows(phrase()))
    assert any(p.jaw for p in moved)
    assert all(p.speech > 0 for p in moved if p.jaw or p.closing)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
def test_all_of_a_pose_is_scaled(strength):
    moved = Pose(0.6, -0.3, 0.4, 0.2, 0.5)
    assert moved.scaled(strength) == Pose(*(strength * v for v in (0.6, -0.3, 0.4, 0.2, 0.5)))


def test_a_pose_lies_between_two():
    one, other = Pose(0.4, -1.0, 0.0, 1.0, 1.0), Pose(0.8, 1.0, 1.0, 0.0, 1.0)
    assert one.mixed(other, 0.0) == one and one.mixed(other, 1.0) == other
    assert one.mixed(other, 0.25) == Pose(0.5, -0.5, 0.25, 0.75, 1.0)
