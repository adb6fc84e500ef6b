"""Pauses cost the network little, and nobody sees it."""

from fractions import Fraction
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from audio.load import Sound, load_sound
from audio.vads import VADS
from audio.windows import VadSettings, windows_of
from base.generator import Batch
from base.geometry import Box, Landmarks
from benchmarks.material.sound import SPEECH
from benchmarks.vad.mixtures import mix_noise, prepare_speech
from faces.face import Face
from pipeline.gating import (
    MOST_BETWEEN,
    GeneratedMouth,
    SourceFace,
    differs,
    interpolate,
    keyframes,
)
from pipeline.mouths import MOST_WAITING, with_mouths
from puppet import load_puppet as load_puppet
from stages.stage import OutputFrame
from tests.cases import each
from tests.slow import rest_slow, slow
from tests.talking import LANDMARKS, pause, portrait, vowel
from video.yuv import Frame

FPS = Fraction(25)
BOX = Box(0, 96, 0, 96)
SKIN, LIPS, DARK = (120, 150, 205), (90, 90, 190), (40, 30, 70)


def talk(seconds):
    """Syllables of 0.3 s, closed for 0.1 s in between as by p, b and m."""
    syllables = [vowel(name, 0.2) for name in "aiu"]
    parts = [part for i in range(round(seconds / 0.3)) for part in (syllables[i % 3], pause(0.1))]
    return np.concatenate(parts)


def spoken(*seconds):
    """Talk and pauses by turns."""
    parts = [(pause if i % 2 else talk)(length) for i, length in enumerate(seconds)]
    return windows_of(Sound(np.concatenate(parts)), FPS)


PAUSED = (2.1, 1.5, 2.7, 1.5, 2.1)  # 30 % of it pauses


def head(opening=0.0, by=(0.0, 0.0)):
    """A face whose mouth is open by so many pixels, moved in its square."""
    face = np.full((96, 96, 3), SKIN, np.uint8)
    for eye in LANDMARKS[:2] + np.float32(by):
        dot(face, eye, (6, 3), DARK)
    dot(face, LANDMARKS[2] + by, (4, 8), (100, 130, 180))
    return mouth(face, LANDMARKS + np.float32(by), opening)


def dot(face, centre, axes, colour):
    """An ellipse, exact to a sixteenth of a pixel."""
    x, y = (round(float(c - 0.5) * 16) for c in centre)
    size = [max(round(a * 16), 1) for a in axes]
    cv2.ellipse(face, (x, y), size, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)


def mouth(face, landmarks, opening):
    """The face with a mouth drawn over its own."""
    centre = (landmarks[3] + landmarks[4]) / 2
    dot(face, centre, (24, 14), SKIN)
    dot(face, centre, (18, 4 + opening / 2), LIPS)
    dot(face, centre, (16, 0.5 + opening / 2), DARK)
    return face


def loudness(mels):
    """0 to 1, of what is heard shortly after each frame's time."""
    return (mels[:, :, 2:6].mean(axis=(1, 2)) + 4).clip(0, 3) / 3


def painter(batches):
    """As a network does: a mouth for the sound on any face, whatever its own mouth does."""
    for batch in batches:
        each = zip(batch.faces, batch.landmarks, loudness(batch.mels), strict=True)
        yield np.stack([mouth(face.copy(), points, 14 * loud) for face, points, loud in each])


class Asked:
    """The painter, counting; `ahead` batches are fetched before the first is answered."""

    def __init__(self, ahead=0):
        self.batches, self.ahead = [], ahead

    def __call__(self, batches):
        flying = []
        for batch in batches:
            self.batches.append(batch)
            flying.append(batch)
            if len(flying) > self.ahead:
                yield from painter([flying.pop(0)])
        yield from painter(flying)

    @property
    def frames(self):
        return sum(map(len, self.batches))


def still(_index):
    return 0.0, (0.0, 0.0)


def nodding(index):
    """A head that moves by 3 pixels in a second while its own mouth talks."""
    return 5 + 5 * np.sin(index / 2), (3 * np.sin(index / 12), 2 * np.cos(index / 15))


def filmed(frames, pose):
    """Frames of a face whose own mouth's opening and place in the square `pose` tells."""
    for index in range(frames):
        frame, face = drawn(*pose(index))
        yield OutputFrame(index, frame, face, index)


@cache
def drawn(opening, by):
    face = Face(BOX, Landmarks.of(LANDMARKS.astype(float) + by), 1.0)
    return Frame.of_picture(head(opening, by)), face


def made(windows, pose=still, gated=True, generator=painter, batch_size=8):
    shown = filmed(len(windows), pose)
    return [m for _, m in with_mouths(shown, windows, generator, batch_size, gated)]


def patches(mouths):
    return np.stack([m.patch for m in mouths]).astype(np.float32)


def moved(mouths):
    """By how much the picture around the mouth changes from frame to frame."""
    return np.abs(np.diff(patches(mouths)[:, 54:92, 20:76], axis=0)).mean(axis=(1, 2, 3))


def openings(mouths):
    """Dark pixels of each mouth."""
    return (patches(mouths)[:, 54:92, 20:76].max(axis=3) < 110).sum(axis=(1, 2))


def test_work_is_skipped_though_no_batch_is_silent_throughout():
    """The former program skipped nothing but whole batches of 128 silent frames."""
    windows, asked = spoken(*PAUSED), Asked()
    made(windows, generator=asked, batch_size=128)
    assert len(asked.batches[0]) == 128  # full, though speech and pauses change
    assert asked.frames < len(windows) * 0.75


@pytest.mark.parametrize("pose", [still, nodding])
def test_the_mouth_in_a_pause_rests_as_the_network_has_it(pose):
    """In the former program the first voiced mouth stayed, frozen."""
    windows = spoken(1.5, 2.0, 1.5)
    gated, every = made(windows, pose), made(windows, pose, gated=False)
    pauses = ~windows.speaking
    assert pauses.sum() > 40
    assert openings(every)[windows.speaking].max() > 3 * openings(every)[pauses].max()
    assert openings(gated)[pauses].max() <= openings(every)[pauses].max() * 1.2


@pytest.mark.parametrize("closure", [0.06, 0.1, 0.15, 0.2])
def test_closures_of_p_b_m_are_left_to_the_network(closure):
    """A threshold on each frame's own peak took them for pauses."""
    words = [part for name in "aiuaiu" for part in (vowel(name, 0.2), pause(closure))]
    windows = windows_of(Sound(np.concatenate([*words, vowel("a", 0.2)])), FPS)
    assert not any(m.interpolated for m in made(windows))


@pytest.mark.parametrize("pose", [still, nodding])
@pytest.mark.parametrize("batch_size", rest_slow([1, 8, 128], 2))
def test_with_pauses_of_30_percent_the_network_makes_a_quarter_less(pose, batch_size):
    windows, asked = spoken(*PAUSED), Asked(ahead=2)
    mouths = made(windows, pose, generator=asked, batch_size=batch_size)
    assert asked.frames <= 0.75 * len(windows)
    assert asked.frames + sum(m.interpolated for m in mouths) == len(windows)


@pytest.mark.parametrize("pose", [still, nodding])
def test_nothing_pops_where_a_pause_begins_or_ends(pose):
    windows = spoken(*PAUSED)
    gated, every = moved(made(windows, pose)), moved(made(windows, pose, gated=False))
    borders = np.flatnonzero(np.diff(windows.speaking))
    assert len(borders) >= 4
    for border in borders:
        near = slice(border - 3, border + 4)
        assert gated[near].mean() <= 1.2 * every[near].mean() + 0.01
        assert gated[near].max() <= 1.2 * every[near].max() + 0.01


def test_speech_begins_with_no_lag():
    windows = spoken(*PAUSED)
    gated, every = (openings(made(windows, gated=g)).astype(float) for g in (True, False))
    onsets = np.flatnonzero(np.diff(windows.speaking.astype(int)) > 0)
    for onset in onsets:
        near = np.arange(onset - 12, onset + 20)
        lags = range(-3, 4)
        found = [np.corrcoef(gated[near + lag], every[near])[0, 1] for lag in lags]
        assert lags[int(np.argmax(found))] == 0 and max(found) > 0.99


def test_the_mouth_follows_a_head_that_moves_in_a_pause():
    windows = spoken(0.6, 3.0, 0.6)
    gated, every = (patches(made(windows, nodding, gated=g)) for g in (True, False))
    pauses = np.flatnonzero(~windows.speaking)
    off = np.abs(gated - every)[pauses][:, 54:92, 20:76].mean(axis=(1, 2, 3))
    held = np.abs(every[pauses[0]] - every)[pauses][:, 54:92, 20:76].mean(axis=(1, 2, 3))
    assert off.mean() < 0.2 * held.mean() and off.max() < 0.3 * held.max()


def test_the_pictures_own_talk_is_not_seen_in_a_pause():
    """Its mouth opens and closes six times a second between two mouths of the network."""
    windows = spoken(0.6, 2.0, 0.6)

    def talking(index):
        return 6 + 6 * np.sin(index * 1.5), (0.0, 0.0)

    gated, every = (patches(made(windows, talking, gated=g)) for g in (True, False))
    assert any(m.interpolated for m in made(windows, talking))
    assert np.abs(gated - every).mean() < 0.1


def test_without_silence_every_mouth_is_the_networks_to_the_bit():
    windows = spoken(3.0)
    every, gated, off = (made(windows, nodding, g) for g in (False, True, False))
    assert np.array_equal(patches(gated), patches(every))
    assert np.array_equal(patches(off), patches(every))
    assert not any(m.interpolated for m in gated + off)


def test_pauses_are_made_in_full_when_nobody_asks_for_less():
    windows, asked = spoken(*PAUSED), Asked()
    made(windows, gated=False, generator=asked)
    assert asked.frames == len(windows)


def test_a_face_that_holds_still_in_silence_gets_the_networks_mouth_to_the_bit():
    windows, asked = windows_of(Sound(pause(8.0)), FPS), Asked()
    gated = made(windows, generator=asked)
    assert asked.frames <= 200 / (25 * MOST_BETWEEN) + 2
    assert np.array_equal(patches(gated), patches(made(windows, gated=False)))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_tiny_sounds_of_silence(frames):
    windows = windows_of(Sound(pause(frames / 25)), FPS)
    assert [m.interpolated for m in made(windows)] == [0 < i < frames - 1 for i in range(frames)]


def hushed(frames):
    """Nothing but silence for so many frames."""
    return windows_of(Sound(pause(frames / 25)), FPS)


def asked_for(shown, windows):
    """The frames whose mouth the generator made."""
    out = with_mouths(iter(shown), windows, painter, 8, True)
    return [s.index for s, m in out if m is not None and not m.interpolated]


def test_no_mouth_is_made_across_the_end_of_a_looped_video():
    """The two sides look alike, so that their numbers alone tell."""
    shown = [OutputFrame(s.index, s.frame, s.face, s.index % 20) for s in filmed(40, still)]
    assert {19, 20} <= set(asked_for(shown, hushed(40)))
    back_and_forth = [OutputFrame(s.index, s.frame, s.face, 20 - abs(20 - s.index)) for s in shown]
    assert not {19, 20, 21} & set(asked_for(back_and_forth, hushed(41)))


def test_no_mouth_is_made_across_a_cut():
    dark = np.uint8(head() * 0.7)
    one = list(filmed(30, still))
    cut = [
        OutputFrame(s.index, Frame.of_picture(dark) if s.index >= 9 else s.frame, s.face, s.index)
        for s in one
    ]
    assert not {8, 9} & set(asked_for(one, hushed(30)))
    assert {8, 9} <= set(asked_for(cut, hushed(30)))


def test_no_mouth_is_made_across_frames_without_a_face():
    shown = list(filmed(30, still))
    gone = [
        OutputFrame(s.index, s.frame, None if 8 <= s.index < 11 else s.face, s.index) for s in shown
    ]
    alone = [OutputFrame(s.index, s.frame, s.face if s.index % 2 else None, s.index) for s in shown]
    assert {0, 7, 11, 29} <= set(asked_for(gone, hushed(30)))
    assert asked_for(alone, hushed(30)) == list(range(1, 30, 2))


def test_a_face_that_changes_slowly_is_asked_for_before_it_is_another():
    faces = [np.uint8(head() * (1 - 0.02 * i)) for i in range(30)]
    shown = [
        OutputFrame(s.index, Frame.of_picture(face), s.face, s.index)
        for s, face in zip(filmed(30, still), faces, strict=True)
    ]
    asked = asked_for(shown, hushed(30))
    assert all(not differs(faces[a], faces[b - 1]) for a, b in pairwise(asked))
    assert len(asked_for(filmed(30, still), hushed(30))) < len(asked) < 15


@pytest.mark.parametrize("batch_size", [slow(1), 8])
@pytest.mark.parametrize("ahead", rest_slow([0, 2]))
@pytest.mark.parametrize("seconds", [(1.8,), (0.3, 9.0), (0.9, 1.5, 0.6, 2.0)])
def test_few_frames_wait(batch_size, ahead, seconds):
    """However long a pause is, memory holds a batch or so and SPARE frames."""
    windows, pulled, most = spoken(*seconds), 0, 0

    def counted():
        nonlocal pulled
        for one in filmed(len(windows), still):
            pulled += 1
            yield one

    out = with_mouths(counted(), windows, Asked(ahead), batch_size, True)
    for given, _ in enumerate(out):
        most = max(most, pulled - given)
    assert (
        most <= (1 + ahead) * batch_size + MOST_WAITING + (1 + ahead) * int(25 * MOST_BETWEEN) + 2
    )


def test_an_error_in_the_generator_reaches_the_caller_and_all_is_closed():
    closed = []

    def source():
        try:
            yield from filmed(100, still)
        finally:
            closed.append("source")

    def broken(batches):
        try:
            yield from painter([next(batches)])
            raise RuntimeError("engine")
        finally:
            closed.append("generator")

    shown = source()
    with pytest.raises(RuntimeError, match="engine"):
        list(with_mouths(shown, hushed(100), broken, 2, True))
    shown.close()
    assert closed == ["generator", "source"]


def test_an_error_in_the_source_reaches_the_caller():
    def broken():
        yield from filmed(20, still)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(with_mouths(broken(), hushed(50), painter, 8, True))


@each("fps", [Fraction(1), Fraction(24000, 1001), FPS, Fraction(60)])
@each("frames", [1, 2, 7, 200])
def test_in_a_pause_mouths_are_wanted_at_even_distances(fps, frames):
    asked = np.flatnonzero(keyframes(np.zeros(frames, bool), fps))
    steps = np.diff(asked)
    assert asked[0] == 0 and asked[-1] == frames - 1
    assert not len(steps) or steps.max() <= max(MOST_BETWEEN * fps, 1)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_speech_is_wanted_and_stays_as_it_was_told():
    speaking = np.random.default_rng(7).random(500) < 0.3
    speaking.flags.writeable = False
    asked = keyframes(speaking, FPS)
    assert asked[speaking].all() and not asked.all()
    assert np.array_equal(keyframes(np.ones(9, bool), FPS), np.ones(9, bool))


def test_a_mouth_in_between_goes_evenly_from_one_to_the_other():
    given = SourceFace(head(), LANDMARKS)
    keys = [GeneratedMouth(given, head(opening)) for opening in (0, 12)]
    one, two = (k.patch.astype(float) for k in keys)
    for weight in (0.0, 0.25, 0.5, 1.0):
        patch = interpolate(*keys, weight, given)
        assert np.abs(patch - ((1 - weight) * one + weight * two)).max() <= 0.5


def test_around_the_mouth_the_skin_is_the_frames_own():
    given = SourceFace(head(), LANDMARKS)
    lit = given.face + np.uint8(20)
    patch = interpolate(
        GeneratedMouth(given, head(6)),
        GeneratedMouth(given, head(6)),
        0.5,
        SourceFace(lit, LANDMARKS),
    )
    assert np.array_equal(patch[:40], lit[:40]) and np.array_equal(patch[:, :8], lit[:, :8])
    assert np.array_equal(patch[72, 48], head(6)[72, 48])


@pytest.mark.parametrize("by", [(6.0, -4.0), (0.5, 0.25)])
def test_a_mouth_is_carried_with_the_head(by):
    here, there = (SourceFace(head(0, b), LANDMARKS + np.float32(b)) for b in ((0, 0), by))
    key = GeneratedMouth(here, head(8))
    patch = interpolate(key, key, 0.3, there)
    off, unmoved = (np.abs(p.astype(float) - head(8, by)).mean() for p in (patch, head(8)))
    assert off < 0.5 * unmoved


def test_a_turned_head_turns_its_mouth():
    turn = cv2.getRotationMatrix2D((48 - 0.5, 48 - 0.5), 12, 1)
    points = (LANDMARKS - 0.5) @ turn[:, :2].T + turn[:, 2] + 0.5
    size, edge = (96, 96), cv2.BORDER_REPLICATE
    face, truth = (cv2.warpAffine(head(o), turn, size, borderMode=edge) for o in (0, 8))
    key = GeneratedMouth(SourceFace(head(), LANDMARKS), head(8))
    patch = interpolate(key, key, 0.5, SourceFace(face, points.astype(np.float32)))
    off, unmoved = (np.abs(p.astype(float) - truth).mean() for p in (patch, head(8)))
    assert off < 0.3 * unmoved


@pytest.mark.parametrize("points", [np.full((5, 2), 48.0), LANDMARKS[[0, 1, 2, 3, 3]]])
def test_landmarks_that_fall_together_break_nothing(points):
    given = SourceFace(head(), points.astype(np.float32))
    key = GeneratedMouth(SourceFace(head(), LANDMARKS), head(8))
    assert interpolate(key, key, 0.5, given).shape == (96, 96, 3)
    assert (
        interpolate(GeneratedMouth(given, head(8)), key, 0.5, SourceFace(head(), LANDMARKS)).dtype
        == np.uint8
    )


def test_the_windows_given_are_those_of_the_frames_asked_for():
    asked, windows = Asked(), spoken(0.6, 2.0, 0.6)
    mouths = made(windows, generator=asked)
    frames = [i for i, m in enumerate(mouths) if not m.interpolated]
    assert np.array_equal(np.concatenate([b.mels for b in asked.batches]), windows.at(frames))


def over_music(vad, alone=False):
    """Windows of speech with pauses over music, speech being louder by 10 dB, and the truth."""
    speech = prepare_speech(load_sound(SPEECH))
    hearing = VadSettings(VADS[vad](), speech_only=alone)
    return windows_of(mix_noise(speech, "music", 10.0), FPS, Fraction(0), hearing), speech.truth


def test_over_music_the_network_rests_where_nobody_speaks():
    """To loudness all of it is speech; the network is asked for all of speech all the same."""
    (loud, truth), (heard, _) = over_music("energy"), over_music("silero", alone=True)
    every, few = Asked(), Asked()
    playing = openings(made(loud, generator=every))
    mouths = made(heard, generator=few)
    assert every.frames == len(truth)
    assert few.frames < 0.75 * len(truth)
    asked = np.array([not mouth.interpolated for mouth in mouths])
    assert asked[truth].mean() > 0.97
    resting = openings(mouths)[~heard.speaking]
    assert len(resting) > 0.3 * len(truth) and np.median(resting) == resting.min()
    assert (resting == resting.min()).mean() > 0.75
    assert np.median(playing[~truth]) > 2 * resting.min()


@pytest.mark.parametrize(("vad", "rests"), [slow("energy", False), slow("silero", True)])
def test_over_music_the_puppet_rests_too(vad, rests):
    heard, truth = over_music(vad, vad == "silero")
    face, landmarks = portrait()
    n = len(truth)
    faces, points = np.repeat(face[None], n, 0), np.repeat(landmarks[None], n, 0)
    (patches,) = load_puppet()([Batch(heard.slice(0, n), faces, points)])
    moved = (patches != face).any(axis=(1, 2, 3))
    assert moved[truth].mean() > 0.8
    assert (moved[~truth].mean() < 0.15) == rests
