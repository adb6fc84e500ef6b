import cv2
import numpy as np
import pytest

from tests.talking import LANDMARKS, drawn, portrait
from wav2lip.generators.puppet.motion import Pose
from wav2lip.generators.puppet.mouth import LipLines, MouthAxes, find_mouth
from wav2lip.generators.puppet.warp import MouthCoordinates, Opening, open_mouth

LINES = LipLines.grid()
POSES = [Pose(jaw, width) for jaw in (0.3, 1.0) for width in (-1.0, 0.0, 1.0)]


def coordinates_of(face, landmarks):
    axes = MouthAxes.of(landmarks)
    return MouthCoordinates.of(axes, find_mouth(face, axes, LINES), 96)


def posed(face, landmarks, pose):
    return open_mouth(face, coordinates_of(face, landmarks), pose)


def whole(pose):
    """The portrait, and the portrait with its mouth in `pose`."""
    face, landmarks = portrait()
    return face, posed(face, landmarks, pose)


def teeth(face):
    """Where the portrait shows teeth: bright, and less red than lips and skin."""
    part = face[63:85, 36:62].astype(int)
    return (part.min(axis=2) > 170) & (part[..., 2] - part[..., 1] < 25)


def dark_columns(face, landmarks, pose):
    changed = face.max(axis=2).astype(int) - posed(face, landmarks, pose).max(axis=2)
    return int((changed > 60).any(axis=0).sum())


def test_no_pose_is_the_photo():
    face, landmarks = portrait()
    assert posed(face, landmarks, Pose()) is face


@pytest.mark.parametrize("pose", [*POSES, Pose(closing=1.0)])
def test_the_border_and_all_above_the_nose_stay(pose):
    face, out = whole(pose)
    for part in (np.s_[:45], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.array_equal(out[part], face[part])
    assert (out != face).any()


def test_the_face_is_not_changed():
    face, landmarks = portrait()
    before = face.copy()
    posed(face, landmarks, Pose(jaw=1.0))
    assert np.array_equal(face, before)


def test_a_little_motion_changes_little_so_that_nothing_pops():
    face, out = whole(Pose(jaw=0.02))
    assert np.abs(out.astype(int) - face).max() < 20


def test_a_wider_jaw_changes_more():
    changes = [
        np.abs(out.astype(int) - face).mean() for face, out in map(whole, map(Pose, (0.2, 0.5, 1)))
    ]
    assert changes == sorted(changes) and changes[2] > 2 * changes[0]


def test_the_teeth_of_a_smile_stay_where_they_are_and_do_not_double():
    face, landmarks = portrait()
    own = teeth(face)
    assert own.sum() > 40
    for jaw in (0.3, 0.6, 1.0):
        after = teeth(posed(face, landmarks, Pose(jaw=jaw)))
        assert 0.6 * own.sum() < after.sum() <= own.sum()
        assert abs(np.nonzero(after)[0].mean() - np.nonzero(own)[0].mean()) < 0.7


def test_closing_covers_the_teeth():
    face, out = whole(Pose(closing=1.0))
    assert teeth(out).sum() < 0.2 * teeth(face).sum()


def test_the_gap_is_dark_and_below_the_line_of_the_lips():
    face = drawn(72)
    out = posed(face, LANDMARKS, Pose(jaw=0.8))
    assert out[75:77, 47:49].max() < 0.6 * face[75:77, 47:49].max()
    assert np.array_equal(out[50:60], face[50:60])


def test_a_closed_mouth_opens_with_a_hint_of_teeth():
    face = drawn(72)
    column = posed(face, LANDMARKS, Pose(jaw=1.0))[68:82, 47].astype(int)
    brightest = column[2:8].max(axis=0)
    assert brightest[0] > column.min(axis=0)[0] + 30


def test_rounding_narrows_the_mouth_and_spreading_widens_it():
    face = drawn(72)
    rounded, plain, spread = (dark_columns(face, LANDMARKS, Pose(0.7, w)) for w in (-1.0, 0.0, 1.0))
    assert rounded < plain < spread


@pytest.mark.parametrize("pose", [*POSES, Pose(closing=1.0), Pose(0.2, 1.0, 1.0)])
def test_the_chin_is_moved_but_never_folded(pose):
    face, landmarks = portrait()
    ramp = np.broadcast_to(np.linspace(0, 250, 96)[:, None, None], (96, 96, 3)).astype(np.uint8)
    out = open_mouth(ramp, coordinates_of(face, landmarks), pose)[:, :, 0].astype(int)
    assert np.diff(out[80:], axis=0).min() >= 0
    assert np.diff(out[:60], axis=0).min() >= 0


@pytest.mark.parametrize("down", [0, 6, 12])
def test_a_mouth_near_the_border_opens_less_so_that_the_chin_is_not_flattened(down):
    coordinates = coordinates_of(drawn(72 + down), LANDMARKS + np.float32([0, down]))
    opening = Opening.of(coordinates, Pose(jaw=1.0))
    assert (
        opening.moved_lower - opening.lower <= 0.31 * (coordinates.bottom_v - opening.lower)
    ).all()
    assert (opening.moved_lower - opening.lower).max() > 0.15


def test_a_tilted_head_opens_its_mouth_along_its_own_axis():
    face = drawn(72)
    turn = cv2.getRotationMatrix2D((48, 60), 25, 1.0)
    tilted = cv2.warpAffine(face, turn, (96, 96), borderMode=cv2.BORDER_REPLICATE)
    points = (LANDMARKS @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    straight = posed(face, LANDMARKS, Pose(jaw=0.8))
    back = cv2.warpAffine(
        posed(tilted, points, Pose(jaw=0.8)),
        turn,
        (96, 96),
        flags=cv2.WARP_INVERSE_MAP,
    )
    part = np.s_[60:84, 32:64]
    moved = np.abs(straight[part].astype(int) - face[part]).mean()
    assert np.abs(back[part].astype(int) - straight[part]).mean() < 0.4 * moved


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("pose", [Pose(1.0), Pose(0.8, -1.0)])
def test_a_turned_head_does_not_draw_its_surroundings_into_the_cheek(side, pose):
    """Where the nose points, the face ends soon beside the mouth, and hair begins."""
    landmarks = LANDMARKS.copy()
    landmarks[2, 0] += 6 * side
    edge = 48 + side * 31
    face = drawn()
    hair = np.s_[:, edge:] if side > 0 else np.s_[:, :edge]
    face[hair] = 20
    moved = np.abs(posed(face, landmarks, pose).astype(int) - face).max(axis=2)
    beside = np.s_[66:80, edge - 3 : edge + 3]
    assert moved[beside].max() < 90
