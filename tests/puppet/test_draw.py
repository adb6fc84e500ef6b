import cv2
import numpy as np
import pytest

from base.geometry import Affine, Landmarks
from base.lips import CHIN, OVAL
from base.packing import BGR_PIXELS
from base.planes import Planes
from faces.lips import Square, see_lips
from puppet.average import average_lips
from puppet.contours import Contours, MouthAxes
from puppet.dentition import ENDS
from puppet.draw import draw_mouth
from puppet.motion import Pose
from puppet.palette import LIGHTEST_CAVITY, LUMA, cavity_color
from puppet.shape import moved_mouth
from puppet.tracking import follow_mouth
from tests.talking import LANDMARKS, PORTRAIT, drawn, portrait_lips

POSES = [Pose(jaw, width, speech=1.0) for jaw in (0.3, 1.0) for width in (-1.0, 0.0, 1.0)]
CLOSED = Pose(closing=1.0, speech=1.0)


def seen(picture, lips, rest_gap=None):
    gap = Contours.of(lips, MouthAxes.of(lips)).gap if rest_gap is None else rest_gap
    return follow_mouth(None, Planes.of_bgr(picture), lips, gap).seen


def drawn_bgr(seen, pose):
    return bgr(draw_mouth(seen, pose))


def bgr(planes):
    return BGR_PIXELS.pack(planes.planes)


@pytest.fixture(scope="module")
def smile():
    return seen(*portrait_lips())


@pytest.fixture(scope="module")
def plain():
    """A drawn face, its lips closed."""
    return seen(drawn(), average_lips(Landmarks.of(LANDMARKS.astype(float))), 0.0)


def lips_in(picture, lips):
    """The lips that the network sees in a picture, where they were before."""
    points = lips.mesh(*OVAL)
    centre, side = (points.min(0) + points.max(0)) / 2, np.ptp(points, axis=0).max()
    mesh = see_lips(picture, Square(tuple(centre.tolist()), 1.5 * float(side), 0.0))
    return see_lips(picture, Square.around_mesh(mesh.points)).lips


def whole_portrait(seen, pose, offset=(130, 200)):
    """The posed mouth in the whole portrait, so that a network can look at it."""
    picture = cv2.imread(str(PORTRAIT))
    drawn_mouth = drawn_bgr(seen, pose)
    height, width = drawn_mouth.shape[:2]
    picture[offset[1] : offset[1] + height, offset[0] : offset[0] + width] = drawn_mouth
    return picture


def test_no_pose_is_the_picture(smile, plain):
    assert draw_mouth(smile, Pose()) is smile.picture
    assert draw_mouth(plain, Pose()) is plain.picture


@pytest.mark.parametrize("pose", [*POSES, CLOSED])
def test_the_border_and_the_nose_stay(smile, pose):
    out, picture = drawn_bgr(smile, pose), bgr(smile.picture)
    nose = int(smile.face.axes.to_pixels(smile.face.still[1:2])[0, 1])
    for part in (np.s_[: nose - 25], np.s_[-2:], np.s_[:, :2], np.s_[:, -2:]):
        assert np.abs(out[part].astype(int) - picture[part]).max() <= 8
    assert (out != picture).any()


def test_the_picture_is_not_changed(smile):
    before = bgr(smile.picture).copy()
    drawn_bgr(smile, Pose(jaw=1.0, speech=1.0))
    assert np.array_equal(bgr(smile.picture), before)


@pytest.mark.parametrize("step", [0.002, 0.01])
def test_a_little_motion_changes_little_so_that_nothing_pops(smile, step):
    out = drawn_bgr(smile, Pose(jaw=step))
    assert np.abs(out.astype(int) - bgr(smile.picture)).mean() < 0.5


def test_a_wider_jaw_changes_more(smile):
    changes = [
        np.abs(drawn_bgr(smile, Pose(jaw, speech=1.0)).astype(int) - bgr(smile.picture)).mean()
        for jaw in (0.4, 0.7, 1.2)
    ]
    assert changes == sorted(changes)


@pytest.mark.parametrize("jaw", [0.5, 0.8, 1.1])
def test_the_network_sees_the_opening_between_the_lips(smile, jaw):
    """It sees the mouth open as wide as the pose says, and at the same place."""
    _, lips = portrait_lips()
    offset = Affine.shift(130, 200)
    closed = lips_in(whole_portrait(smile, CLOSED), lips.mapped(offset))
    opened = lips_in(whole_portrait(smile, Pose(jaw, speech=1.0)), lips.mapped(offset))
    assert closed.gap < 0.04 * closed.width
    assert opened.gap > 0.15 * opened.width
    middle = (opened.lower_inner[5] + opened.upper_inner[5]) / 2
    line = (lips.mapped(offset).upper_inner[5] + lips.mapped(offset).lower_inner[5]) / 2
    assert np.hypot(*(middle - line)) < 0.15 * opened.width


def test_an_open_mouth_is_closed_to_its_rest():
    """A video that speaks already: in silence its mouth is closed."""
    picture, lips = portrait_lips()
    mouth = seen(picture, lips, rest_gap=0.0)
    rested = lips_in(whole_portrait(mouth, Pose()), lips.mapped(Affine.shift(130, 200)))
    assert rested.gap < 0.04 * rested.width < lips.gap


def teeth(picture):
    """Where a smile shows teeth: bright, and less red than lips and skin."""
    part = picture[60:110, 80:180].astype(int)
    return (part.min(axis=2) > 165) & (part[..., 2] - part[..., 1] < 22)


def test_upper_teeth_stay_where_they_are(smile):
    own = teeth(bgr(smile.picture))
    assert own.sum() > 300
    rows = np.nonzero(own)[0].mean()
    for jaw in (0.5, 1.0):
        after = teeth(drawn_bgr(smile, Pose(jaw, speech=1.0)))
        assert 0.45 * own.sum() < after.sum() < 1.15 * own.sum()
        assert abs(np.nonzero(after)[0].mean() - rows) < 3


def test_closing_covers_the_teeth(smile):
    assert teeth(drawn_bgr(smile, CLOSED)).sum() < 0.1 * teeth(bgr(smile.picture)).sum()


def test_the_gap_is_dark_and_below_the_line_of_the_lips(plain):
    out = drawn_bgr(plain, Pose(jaw=1.0, speech=1.0))
    assert out[75:78, 47:49].max() < 0.75 * bgr(plain.picture)[75:78, 47:49].max()
    assert np.array_equal(out[30:50], bgr(plain.picture)[30:50])


def dark_columns(seen, pose):
    changed = bgr(seen.picture).max(axis=2).astype(int) - drawn_bgr(seen, pose).max(axis=2)
    return int((changed > 50).any(axis=0).sum())


def test_rounding_narrows_the_mouth_and_spreading_widens_it(plain):
    rounded, middle, spread = (
        dark_columns(plain, Pose(0.9, width, speech=1.0)) for width in (-1.0, 0.0, 1.0)
    )
    assert rounded < middle < spread


def test_a_tucked_lip_shows_no_dark_gap(plain):
    opened, tucked = (
        drawn_bgr(plain, pose) for pose in (Pose(0.4, speech=1.0), Pose(tuck=1.0, speech=1.0))
    )
    assert not np.array_equal(tucked, bgr(plain.picture))
    assert tucked[66:80, 40:56].min() > opened[66:80, 40:56].min()


@pytest.mark.parametrize("pose", [*POSES, CLOSED])
def test_the_chin_is_moved_but_never_folded(pose):
    """A picture that gets brighter downwards still does beside the lips and under them."""
    picture, lips = portrait_lips()
    height, width = picture.shape[:2]
    rows = np.linspace(0, 250, height)[:, None, None]
    slope = np.broadcast_to(rows, (height, width, 3)).astype(np.uint8)
    out = drawn_bgr(seen(slope, lips), pose)[..., 0].astype(int)
    chin = lips.mesh(CHIN)[0]
    lip = float(lips.lower_outer[5, 1])
    below = out[round(lip + 0.35 * (chin[1] - lip)) :, 20:-20]
    assert np.diff(below, axis=0).min() >= -1


def test_fine_detail_stays(smile):
    """Moved skin is as sharp as the picture's."""

    def energy(picture):
        light = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
        fine = light - cv2.GaussianBlur(light, (0, 0), 1.0)
        return float(np.square(fine[125:165, 60:190]).mean())

    for jaw in (0.3, 0.7, 1.0):
        assert energy(drawn_bgr(smile, Pose(jaw, speech=1.0))) > 0.8 * energy(bgr(smile.picture))


def test_a_tilted_head_opens_its_mouth_along_its_own_axis():
    picture, lips = portrait_lips()
    centre = (125.0, 90.0)
    turn = cv2.getRotationMatrix2D(centre, 20, 1.0)
    size = picture.shape[1::-1]
    tilted = cv2.warpAffine(picture, turn, size, flags=cv2.INTER_CUBIC, borderMode=1)
    map_ = Affine(*turn.ravel().tolist())
    pose = Pose(jaw=0.8, speech=1.0)
    straight = drawn_bgr(seen(picture, lips), pose)
    out = drawn_bgr(seen(tilted, lips.mapped(map_)), pose)
    back = cv2.warpAffine(out, turn, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    part = np.s_[60:140, 70:190]
    moved = np.abs(straight[part].astype(int) - picture[part]).mean()
    assert np.abs(back[part].astype(int) - straight[part]).mean() < 0.4 * moved


def enlarged_plain():
    """The drawn face four times as large, so that single teeth can be told apart."""
    lips = average_lips(Landmarks.of(LANDMARKS.astype(float))).scaled(4)
    return seen(cv2.resize(drawn(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), lips, 0.0)


def inner_middle(mouth, pose):
    """The rows between the lips in the middle of the mouth, and the column half way across."""
    move = moved_mouth(mouth.face.contours, pose, mouth.rest_gap, mouth.face.axes.unit)
    top, bottom, *corners = mouth.face.axes.to_pixels(
        np.stack(
            [move.target.upper_inner[5], move.target.lower_inner[5], *move.source.middle[[0, -1]]]
        )
    )
    middle = (corners[0][0] + corners[1][0]) / 2
    return slice(round(top[1]) + 2, round(bottom[1]) - 2), round(middle)


def test_teeth_are_two_beside_the_middle_with_a_groove_between():
    mouth = enlarged_plain()
    pose = Pose(jaw=0.8, speech=1.0)
    rows, middle = inner_middle(mouth, pose)
    unit = mouth.face.axes.unit
    light = drawn_bgr(mouth, pose)[rows].mean(axis=2)
    row = light[light[:, middle - round(0.05 * unit)].argmax()]
    width = round(ENDS[0] * unit)
    groove = row[middle - 4 : middle + 5].min()
    for tooth in (row[middle - width : middle - 4], row[middle + 5 : middle + width]):
        assert np.median(tooth) > 1.08 * groove


def test_behind_red_lips_it_is_dark_red_and_behind_grey_ones_grey():
    red, grey = np.array([90, 90, 190], np.float32), np.full(3, 120, np.float32)
    dark = cavity_color(red, np.full(3, 90, np.float32))
    assert dark[2] > 2 * dark[1] and dark @ LUMA <= LIGHTEST_CAVITY + 0.1
    assert np.ptp(cavity_color(grey, np.full(3, 90, np.float32))) < 1e-3


def test_lips_closed_over_teeth_show_no_speck_of_them(smile):
    closed = drawn_bgr(smile, CLOSED)
    axes, move = smile.face.axes, moved_mouth(smile.face.contours, CLOSED, smile.rest_gap, 1e3)
    line = axes.to_pixels(move.target.middle)
    x = np.arange(round(line[2, 0]), round(line[8, 0]))
    y = np.rint(np.interp(x, *line.T)).astype(int)
    along = closed.min(axis=2)[np.clip(y[:, None] + np.arange(-1, 2), 0, None), x[:, None]].min(1)
    steps = np.abs(np.diff(along.astype(int), 2))
    assert along.max() < 120 and np.percentile(steps, 90) < 25


def light_inside(seen, pose, point, way):
    """A way down between the lips at one of their points, as a share of the lips' light."""
    move = moved_mouth(seen.face.contours, pose, seen.rest_gap, seen.face.axes.unit)
    top, bottom = (line[point] for line in (move.target.upper_inner, move.target.lower_inner))
    x, y = np.rint(seen.face.axes.to_pixels(top + way * (bottom - top)) - 0.5).astype(int)
    return float(drawn_bgr(seen, pose)[y, x] @ LUMA / (seen.palette.lip @ LUMA))


def test_below_the_teeth_of_a_wide_smile_lies_a_tongue_and_beside_them_it_is_dark(smile):
    pose = Pose(jaw=1.0, speech=1.0)
    assert light_inside(smile, pose, 5, 0.85) > 0.52
    assert max(light_inside(smile, pose, point, 0.5) for point in (1, 9)) < 0.25


def with_green_inside(picture, lips):
    ring = np.concatenate([lips.upper_inner, lips.lower_inner[::-1]])
    return cv2.fillPoly(picture.copy(), [np.rint(ring).astype(np.int32)], (0, 255, 0))


@pytest.mark.parametrize("closing", [0.9, 0.95, 1.0])
def test_no_speck_of_the_inside_is_left_between_closed_lips(closing):
    picture, lips = portrait_lips()
    mouth = seen(with_green_inside(picture, lips), lips, 0.0)
    pose = Pose(closing=closing, speech=1.0)
    closed = drawn_bgr(mouth, pose).astype(int)
    line = moved_mouth(mouth.face.contours, pose, 0.0, mouth.face.axes.unit).target.middle
    x, y = np.rint(mouth.face.axes.to_pixels(line)[2:9] - 0.5).astype(int).T
    around = closed[y.min() - 2 : y.max() + 3, x[0] : x[-1]]
    assert (around[..., 1] - around[..., 2]).max() < 10


def test_a_smile_that_closes_a_little_keeps_the_red_of_its_upper_lip(smile):
    """The skin above it is not drawn over its edge."""

    def red(picture, contours):
        points = contours.upper_inner[3:8] - (0, 0.015)
        x, y = np.rint(smile.face.axes.to_pixels(points) - 0.5).astype(int).T
        colors = picture[y, x].astype(float)
        return float((colors[:, 2] / colors[:, 1]).mean())

    pose = Pose(jaw=0.12, speech=1.0)
    target = moved_mouth(smile.face.contours, pose, smile.rest_gap, smile.face.axes.unit).target
    own = red(bgr(smile.picture), smile.face.contours)
    assert red(drawn_bgr(smile, pose), target) > 1 + 0.9 * (own - 1)


def test_a_line_between_lips_that_is_hardly_seen_does_not_become_black():
    lips = average_lips(Landmarks.of(LANDMARKS.astype(float))).scaled(4)
    face = cv2.resize(drawn(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    faint = np.maximum(face, np.array((70, 70, 150), np.uint8))
    mouths = [seen(picture, lips, 0.0) for picture in (face, faint)]
    dark, light = (light_inside(mouth, Pose(jaw=0.1), 5, 0.5) for mouth in mouths)
    assert light > 1.3 * dark


def test_painted_teeth_are_round():
    """They are lightest in their middle, not at their sides and their ends."""
    mouth, pose = enlarged_plain(), Pose(jaw=0.8, speech=1.0)
    rows, middle = inner_middle(mouth, pose)
    tooth = round(ENDS[0] * mouth.face.axes.unit)
    light = drawn_bgr(mouth, pose)[rows, middle : middle + tooth].mean(axis=2)
    down = light[:, tooth // 2]
    lightest, end = down.argmax(), np.flatnonzero(down > 0.8 * down.max())[-1]
    assert down[lightest] > 1.01 * light[lightest, tooth // 8]
    assert lightest < 0.8 * end
