import numpy as np
import pytest

from base.generator import Batch
from puppet import load_puppet
from tests.slow import slow
from tests.talking import LANDMARKS, drawn, loudness, pause, portrait, vowel, windows


def speech():
    parts = [vowel("a", 0.3), pause(0.1), vowel("i", 0.2, 0.3), vowel("u", 0.3), pause(0.6)]
    return np.concatenate([pause(0.4), *parts, vowel("a", 0.5, 0.4), pause(0.4)])


def still(mels, face, landmarks):
    return Batch(
        mels, np.repeat(face[None], len(mels), 0), np.repeat(landmarks[None], len(mels), 0)
    )


def cut(batch, sizes):
    first = 0
    while first < len(batch):
        last = first + sizes[first % len(sizes)]
        yield Batch(*(part[first:last] for part in (batch.mels, batch.faces, batch.landmarks)))
        first = last


def clip(frames):
    """A face that sways, with landmarks that tremble."""
    random = np.random.default_rng(3)
    sway = np.rint(2 * np.sin(np.arange(frames) / 9)).astype(int)
    faces = np.stack([np.roll(drawn(72), s, axis=1) for s in sway])
    points = (
        LANDMARKS + np.stack([sway, 0 * sway], 1)[:, None] + random.normal(0, 0.3, (frames, 5, 2))
    )
    return faces, points.astype(np.float32)


def test_every_batch_gives_as_many_patches_one_after_another():
    face, landmarks = portrait()
    batch = still(windows(speech()), face, landmarks)
    fetched = []

    def batches():
        for part in cut(batch, [5]):
            fetched.append(len(part))
            yield part

    for count, patches in enumerate(load_puppet()(batches()), start=1):
        assert len(fetched) == count
        assert patches.shape == (fetched[-1], 96, 96, 3) and patches.dtype == np.uint8


def test_silence_leaves_the_face_as_it_is():
    face, landmarks = portrait()
    batch = still(windows(pause(1.0)), face, landmarks)
    (patches,) = load_puppet()([batch])
    assert np.array_equal(patches, batch.faces)


def test_the_mouth_follows_loudness_and_rests_in_pauses():
    face, landmarks = portrait()
    sound = speech()
    (patches,) = load_puppet()([still(windows(sound), face, landmarks)])
    change = np.abs(patches[:, 48:].astype(float) - face[48:]).mean(axis=(1, 2, 3))
    loud = loudness(sound)
    assert np.corrcoef(change, loud)[0, 1] > 0.6
    assert change[loud == 0].mean() < 0.1 * change[loud > 0.1].mean()


@pytest.mark.parametrize(
    "sizes",
    [
        slow([1]),
        slow([7]),
        [3, 11, 2],
    ],
)
def test_patches_do_not_depend_on_how_frames_are_cut_into_batches(sizes):
    mels = windows(speech(), 30)
    whole = Batch(mels, *clip(len(mels)))
    (expected,) = load_puppet()([whole])
    assert np.array_equal(np.concatenate(list(load_puppet()(cut(whole, sizes)))), expected)
    assert (expected != whole.faces).any()


def test_the_faces_are_not_changed():
    face, landmarks = portrait()
    batch = still(windows(vowel("a", 0.5)), face, landmarks)
    batch.faces.flags.writeable = False
    (patches,) = load_puppet()([batch])
    assert (patches != batch.faces).any()


def test_two_streams_of_one_puppet_do_not_meet():
    puppet = load_puppet()
    face, landmarks = portrait()
    batch = still(windows(vowel("a", 0.5)), face, landmarks)
    streams = puppet(cut(batch, [4])), puppet(cut(batch, [4]))
    for first, second in zip(*streams, strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("points", [np.full((5, 2), np.nan), np.zeros((5, 2)), LANDMARKS * 30])
def test_a_face_without_a_mouth_stays_as_it_is(points):
    batch = still(windows(vowel("a", 0.4)), drawn(), points.astype(np.float32))
    (patches,) = load_puppet()([batch])
    assert np.array_equal(patches, batch.faces)


@pytest.mark.parametrize("shift", [(-30, -20), (25, 12), (0, 15), (36, 0), (200, 200)])
def test_a_mouth_at_the_patch_s_rim_does_no_harm(shift):
    batch = still(windows(vowel("a", 0.4)), drawn(), LANDMARKS + np.float32(shift))
    (patches,) = load_puppet()([batch])
    assert np.array_equal(patches[:, 0], batch.faces[:, 0])


def test_a_steady_vowel_on_a_still_does_not_tremble():
    face, landmarks = portrait()
    (patches,) = load_puppet()([still(windows(vowel("a", 2.0)), face, landmarks)])
    steps = np.abs(np.diff(patches[20:40].astype(int), axis=0))
    moved = np.abs(patches[20].astype(int) - face)
    assert moved.max() > 80
    assert steps.max() <= 4


def test_noise_as_sound_and_picture_is_survived():
    random = np.random.default_rng(4)
    mels = random.uniform(-4, 4, (6, 80, 16)).astype(np.float32)
    faces = random.integers(0, 256, (6, 96, 96, 3), dtype=np.uint8)
    points = random.uniform(-20, 120, (6, 5, 2)).astype(np.float32)
    (patches,) = load_puppet()([Batch(mels, faces, points)])
    assert patches.shape == faces.shape
