"""Frames keep their order and their sound, whatever the generator does in between."""

from fractions import Fraction

import numpy as np
import pytest

from audio.windows import Windows
from base.geometry import Box, Landmarks
from faces.face import Face
from pipeline.mouths import with_mouths
from stages.stage import OutputFrame
from tests.cases import each
from video.yuv import Frame

BOX = Box(8, 56, 10, 58)
GRAY = Frame.of_picture(np.full((64, 64, 3), 128, np.uint8))
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


def windows(frames, speaking=True):
    """Frame i's window starts with a column of i."""
    mel = np.repeat(np.arange(frames * 4 + 16, dtype=np.float32)[None] / 4, 80, axis=0)
    starts = np.arange(frames) * 4
    return Windows(mel, starts, np.full(frames, speaking), Fraction(20))


def numbered(batches):
    for batch in batches:
        yield np.stack([np.full((96, 96, 3), mel[0, 0], np.uint8) for mel in batch.mels])


def two_ahead(batches):
    """A generator that keeps two batches in flight."""
    waiting = []
    for batch in batches:
        waiting.append(batch)
        if len(waiting) > 2:
            yield from numbered([waiting.pop(0)])
    yield from numbered(waiting)


def shown(faces):
    return (OutputFrame(i, GRAY, face) for i, face in enumerate(faces))


@each("generator", [numbered, two_ahead])
@each("batch_size", [1, 3, 16, 100])
@each(
    "faces",
    [[FACE] * 40, [None] * 7, [None, *[FACE] * 20, None, None, *[FACE] * 5], [FACE, None] * 9],
)
def test_each_frame_gets_the_mouth_of_its_own_sound(generator, batch_size, faces):
    out = list(with_mouths(shown(faces), windows(len(faces)), generator, batch_size))
    assert [one.index for one, _ in out] == list(range(len(faces)))
    for (one, mouth), face in zip(out, faces, strict=True):
        assert (mouth is None) == (face is None)
        assert mouth is None or (mouth.patch == one.index).all()


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("faces", [[FACE] * 90, [None, *[FACE] * 50, None, *[FACE] * 5]])
def test_mouths_made_in_pauses_go_evenly_from_one_to_the_next(faces, batch_size):
    given = windows(len(faces), speaking=False)
    out = list(with_mouths(shown(faces), given, two_ahead, batch_size, gated=True))
    assert [one.index for one, _ in out] == list(range(len(faces)))
    assert all((mouth.patch == one.index).all() for one, mouth in out if mouth)
    assert sum(mouth.interpolated for _, mouth in out if mouth) > 40


def test_frames_without_a_face_do_not_pile_up():
    """A long stretch without a face must not be held in memory."""
    alive = 0

    def counting():
        nonlocal alive
        for one in shown([None] * 200):
            alive += 1
            yield one

    most = 0
    for _ in with_mouths(counting(), windows(200), numbered, 16):
        most = max(most, alive)
        alive -= 1
    assert most <= 2


def test_an_error_in_the_generator_reaches_the_caller():
    def broken(batches):
        yield from numbered([next(iter(batches))])
        raise RuntimeError("engine")

    with pytest.raises(RuntimeError, match="engine"):
        list(with_mouths(shown([FACE] * 20), windows(20), broken, 4))


def test_frames_that_are_short_of_a_patch_are_a_bug_that_shows():
    def short(batches):
        for batch in batches:
            yield next(numbered([batch]))[:-1]

    with pytest.raises(ValueError):
        list(with_mouths(shown([FACE] * 4), windows(4), short, 4))
