import cv2
import numpy as np
import pytest

from base.lips import OVAL
from stages.animate.field import area
from stages.animate.motion import ACROSS, BREATH, PITCH, RAISE, ROLL, YAW
from stages.animate.networks import Networks
from stages.animate.pose import Pose
from stages.animate.stage import Living
from stages.animate.warp import warped
from tests.stages.animate.portraits import FACE, PICTURE, difference, in_layout, part, photo, same

EXTREMES = [
    Pose(yaw=YAW, pitch=PITCH, roll=ROLL, x=ACROSS, breath=BREATH, brow=RAISE),
    Pose(yaw=-YAW, pitch=-PITCH, roll=-ROLL, x=-ACROSS, brow=RAISE),
    Pose(yaw=YAW, roll=-ROLL, pitch=-PITCH),
]


def moved(living, frame, pose):
    return warped(frame, living.puller.grid, living.puller.backward(living.puller.forward(pose)))


def grid_lines(picture):
    """A picture of fine lines, in which every jump and hole of a warp shows."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.where((x // 2 + y // 2) % 2 == 0, 250, 5).astype(np.uint8)


def test_the_photos_own_pose_changes_nothing(living):
    assert not living.puller.forward(Pose()).any()
    assert same(moved(living, photo(), Pose()), photo())


@pytest.mark.parametrize("pose", EXTREMES)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_nothing_folds_and_nothing_tears(living, pose, scale):
    """Twice as far as a head is ever turned: areas stay whole, and neighbours near each other."""
    backward = living.puller.backward(living.puller.forward(pose.times(scale)))
    areas = area(backward, living.puller.grid.cell)
    assert areas.min() > 0.45 and areas.max() < 1.9


def test_a_fold_is_seen():
    """What the test above looks for."""
    field = np.zeros((9, 9, 2), np.float32)
    field[:, :5, 0] = 20
    assert area(field, 8).min() < 0


@pytest.mark.parametrize("pose", EXTREMES)
def test_what_comes_from_where_is_where_it_went(living, pose):
    """There and back: points of the face are found again within a quarter of a pixel."""
    puller = living.puller
    forward = puller.forward(pose)
    points = np.stack(np.meshgrid(np.arange(170, 350, 9.0), np.arange(60, 400, 9.0)), -1)
    points = points.reshape(-1, 2)
    back = puller.moved(puller.moved(points, forward), puller.backward(forward))
    error = np.abs(back - points)
    assert error.max() < 0.25 and error.mean() < 0.05


def test_a_turned_head_moves_its_nose_most_and_its_far_cheek_inward(living, portrait):
    forward = living.puller.forward(Pose(yaw=YAW))
    nose, *outline = living.puller.moved(portrait.points[[1, *OVAL]], forward)
    ways = np.array([nose, *outline])[:, 0] - portrait.points[[1, *OVAL], 0]
    assert ways[0] > 3 and ways[0] == ways.max()
    down = living.puller.moved(portrait.points[[1]], living.puller.forward(Pose(pitch=PITCH)))
    assert down[0, 1] > portrait.points[1, 1] + 1


def test_the_picture_moves_as_its_points(living, portrait):
    """A spot drawn on the cheek is seen where the mapped point is."""
    spot = portrait.points[205]
    picture = PICTURE.copy()
    at = tuple(np.rint(spot * 16 - 8).astype(int).tolist())
    cv2.circle(picture, at, 4 * 16, (255, 0, 0), -1, cv2.LINE_AA, 4)
    result = moved(living, photo(picture), EXTREMES[0]).picture().astype(int)
    seen = (result[..., 0] - result[..., 2] > 60).nonzero()
    expected = living.puller.moved(spot[None], living.puller.forward(EXTREMES[0]))[0]
    centre = np.array([seen[1].mean(), seen[0].mean()]) + 0.5
    assert np.hypot(*(expected - spot)) > 4
    assert np.abs(centre - expected).max() < 0.5


@pytest.mark.parametrize("pose", EXTREMES)
def test_nothing_is_drawn_in_from_beyond_the_border(living, pose):
    """The outermost pixels move along the border alone, so no row or column is repeated."""
    backward = living.puller.backward(living.puller.forward(pose))
    assert not backward[:, [0, 1, -2, -1], 0].any() and not backward[[0, 1, -2, -1], :, 1].any()


def test_far_from_the_head_and_body_every_sample_stays(networks):
    wide = np.full((700, 900, 3), (90, 140, 60), np.uint8)
    wide[::3] += 40
    wide[150:662, 200:712] = PICTURE
    frame, face = photo(wide), part(-150, 550, -200, 700)[1]
    living = Living.of(networks, frame, face, 1.0)
    result = moved(living, frame, EXTREMES[0])
    changed = difference(result, frame) > 0
    reach = living.puller.grid.rect
    assert changed.sum() > 50_000
    for plane, before in zip(result.planes(), frame.planes(), strict=True):
        scale = frame.width // before.shape[1]
        outside = np.ones(before.shape, np.bool_)
        outside[
            reach.top // scale : -(-reach.bottom // scale),
            reach.left // scale : -(-reach.right // scale),
        ] = False
        assert outside.any() and np.array_equal(plane[outside], before[outside])
    assert not changed[:20].any() and not changed[:, -40:].any()


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "gray"])
def test_every_layout_is_moved_alike(living, name):
    frame = in_layout(name)
    result = moved(living, frame, EXTREMES[0])
    assert result.av_frame.format.name == name
    unit = 1 << (frame.layout.bits - 8)
    luma = moved(living, photo(), EXTREMES[0]).planes()[0].astype(int)
    assert np.abs(result.planes()[0].astype(int) / unit - luma).mean() < 1
    assert not same(result, frame) and result.planes()[0].max() <= frame.layout.max_value
    if frame.layout.has_chroma:
        assert (result.planes()[1] != frame.planes()[1]).mean() > 0.05


def test_a_face_near_the_border_moves_less(networks, living):
    cut_off = Living.of(networks, *part(60, 420, 110, 420), 1.0)
    assert cut_off.restraint.share < 0.8 * living.restraint.share
    assert living.restraint.share > 0.9
    twice = Living.of(networks, photo(), FACE, 2.0)
    assert twice.restraint.share < living.restraint.share


def test_networks_are_read_from_a_cache(tmp_path, portrait):
    for _ in range(2):  # made, then read
        Networks.load(tmp_path)
    assert len(list(tmp_path.rglob("*"))) == 3
