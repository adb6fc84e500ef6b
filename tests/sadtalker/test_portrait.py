"""A photo that speaks, with small networks: what each frame shows, and when."""

from dataclasses import replace

import numpy as np
import pytest

from audio.load import Sound
from base.geometry import Box, Landmarks
from base.lips import LEFT_EYE, POINTS, ROW_OF, Lips
from faces.face import Face
from sadtalker.hearing import Hearing
from sadtalker.manner import Manner
from sadtalker.portrait import (
    DrivingCoefficients,
    head_poses,
    landmarks_of,
    moved,
    see_photo,
    spoken_rows,
)
from tests.cases import each
from tests.small_sadtalker import CLOSED, LOUD, TURNED, networks
from video.yuv import Frame

SIDE = 300
BOX = Box(90.0, 220.0, 95.0, 205.0)


@pytest.fixture
def seen():
    picture = np.full((SIDE, SIDE, 3), 100, np.uint8)
    face = Face(BOX, Landmarks.fixed(BOX), 1.0)
    return lambda full: see_photo(networks(), Frame.of_picture(picture), face, full)


def hearing(seconds, seed=4):
    """Noise that grows louder."""
    samples = np.random.default_rng(seed).normal(0, 1, round(16_000 * seconds))
    return Hearing.of(Sound((samples * np.linspace(0.001, 0.5, len(samples))).astype(np.float32)))


@each("full", [False, True])
@each("seconds", [0.01, 0.04, 0.08, 0.84, 1.32, 1.36, 3.0, 11.0])
def test_every_frame_of_the_sound_has_a_row(seen, seconds, full):
    heard = hearing(seconds)
    rows = spoken_rows(networks(), heard, seen(full).face, Manner(full))
    assert rows.shape == (max(int(seconds * 25 + 1e-9), 1), 73 if full else 70)
    assert rows.dtype == np.float32 and np.isfinite(rows).all()


def test_a_louder_sound_moves_the_face_more_and_by_the_scale(seen):
    face, heard = seen(True).face, hearing(3)
    rows = spoken_rows(networks(), heard, face, Manner())
    assert rows[-1, LOUD] > rows[10, LOUD] + 0.1
    more = spoken_rows(networks(), heard, face, Manner(expression_scale=1.5))
    assert np.allclose(more[:, :64], rows[:, :64] * 1.5) and np.allclose(more[:, 64:], rows[:, 64:])


def test_the_seed_decides_motion_and_blinks(seen):
    face, heard = seen(True).face, hearing(8)
    one, same, other = (
        spoken_rows(networks(), heard, face, Manner(seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert one[:, CLOSED].max() == 1
    assert not np.array_equal(one[:, CLOSED], other[:, CLOSED])
    assert not np.array_equal(one[:, TURNED], other[:, TURNED])


def test_the_head_moves_by_style_from_the_photos_pose_and_rests_where_it_is_still(seen):
    face, heard = seen(True).face, hearing(6)
    first, second = (spoken_rows(networks(), heard, face, Manner(style=n)) for n in (0, 7))
    assert (second[20:, TURNED] - first[20:, TURNED]).mean() == pytest.approx(0.7, abs=0.01)
    still = spoken_rows(networks(), heard, face, Manner(still_head=True))
    assert np.array_equal(still[:, 64:], np.tile(face.row(True)[64:], (len(still), 1)))


def pose_that_hears_the_block(windows, source, noise, style):
    """Each frame's own loudness, and that of all 32 together."""
    loudness = windows.mean((1, 2, 3))
    return (np.asarray(noise[0, :6] + (loudness + loudness.mean())[:, None], np.float32),)


def test_blocks_of_poses_are_those_of_all_windows_at_once(seen):
    """Blocks of 32 frames, each of its own noise; the last one looks back over a block."""
    heard, face, small = hearing(3.4), seen(True).face, networks()
    listening = replace(small, pose=pose_that_hears_the_block)
    whole = listening.poses(
        heard.windows(0, heard.frames),
        face.pose,
        0,
        np.random.default_rng(5).standard_normal((3, 64), np.float32),
    )
    assert heard.frames == 85
    assert np.allclose(head_poses(listening, heard, face, Manner(seed=5)), whole, atol=1e-6)


def test_a_driving_video_moves_head_and_lids_and_begins_again(seen):
    face, heard = seen(True).face, hearing(1.0)
    poses = np.zeros((10, 6), np.float32)
    poses[:, 1] = np.arange(10) + 5
    lids = np.zeros((10, 64), np.float32)
    lids[:, 9] = np.arange(10)
    rows = spoken_rows(networks(), heard, face, Manner(), DrivingCoefficients(lids, poses))
    alone = spoken_rows(networks(), heard, face, Manner())
    turns = rows[:, 65] - alone[:, 65]
    assert turns == pytest.approx([*range(10), *range(10), *range(5)], abs=1e-5)
    assert rows[:, 9] == pytest.approx([*range(10), *range(10), *range(5)])
    assert not rows[:, CLOSED].any()  # the video's lids, and no blinks besides


def resting(seen, full, count):
    """The photo's own row, so often."""
    return np.tile(seen(full).face.row(full), (count, 1))


def luma(frame):
    return frame.planes()[0]


def frames(seen, full, rows, places):
    return list(moved(networks(), seen(full), rows, np.array(places, float), full))


def test_each_frame_shows_its_place_among_the_rows(seen):
    rows = resting(seen, True, 30)
    rows[:, LOUD] = np.arange(30) / 60
    made = frames(seen, True, rows, [0.0, 10.0, 10.5, 29.0, 40.0])
    middle = [float(luma(frame)[140:170, 140:160].mean()) for frame in made]
    steps = np.array(middle) - middle[0]
    assert steps == pytest.approx(np.array([0, 10, 10.5, 29, 29]) / 60 * 0.5 * 219, abs=1)


def test_a_full_picture_keeps_its_size_and_its_corners(seen):
    rows = resting(seen, True, 3)
    rows[:, LOUD] = 0.5
    for frame in frames(seen, True, rows, [0, 1, 2]):
        assert (frame.width, frame.height) == (SIDE, SIDE)
        assert (luma(frame)[-8:, :8] == luma(seen(True).photo)[-8:, :8]).all()
        assert luma(frame)[150, 150] > luma(seen(True).photo)[150, 150] + 30


def test_a_crop_is_the_square_alone_in_the_photos_format(seen):
    for frame in frames(seen, False, resting(seen, False, 2), [0, 1]):
        assert (frame.width, frame.height) == (256, 256)
        assert frame.layout == seen(False).photo.layout and frame.tags == seen(False).photo.tags
        assert np.abs(luma(frame).astype(int) - luma(seen(False).photo)[0, 0]).max() <= 1


def test_the_mesh_says_where_the_eyes_are(seen):
    points = np.tile(np.float32([150, 150]), (POINTS, 1))
    points[[ROW_OF[point] for point in LEFT_EYE]] = [(100, 120), (120, 124)]
    face = Face(BOX, Landmarks.fixed(BOX), 1.0, Lips(points))
    assert landmarks_of(face).left_eye == (110, 122)
    assert landmarks_of(replace(face, lips=None)) == face.landmarks
