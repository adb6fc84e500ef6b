from dataclasses import replace

import numpy as np
import pytest

from base.geometry import Affine, Landmarks
from base.lips import POINTS, Lips
from base.planes import Planes
from puppet.average import average_lips
from puppet.contours import Contours, FaceShape, MouthAxes
from puppet.motion import Pose
from puppet.palette import DARKEST_LINE, LIGHTEST_LINE, LINE, palette_of
from puppet.shape import closed_contours, moved_mouth
from puppet.teeth import teeth_edge
from puppet.tracking import follow_mouth
from puppet.valley import closed_share, valley_offset
from tests.talking import LANDMARKS, drawn, portrait_lips

AVERAGE = average_lips(Landmarks.of(LANDMARKS.astype(float)))


def planes(slit=72.0):
    return Planes.of_bgr(drawn(slit))


def turned(angle):
    return Affine(np.cos(angle), -np.sin(angle), 90, np.sin(angle), np.cos(angle), 10)


def test_points_come_back_from_mouth_coordinates():
    axes = MouthAxes.of(AVERAGE)
    points = AVERAGE.points.astype(float)
    assert np.allclose(axes.to_pixels(axes.from_pixels(points)), points)


@pytest.mark.parametrize("map_", [turned(0.3), turned(-0.4), Affine(2, 0, 7, 0, 2, -3)])
def test_contours_do_not_depend_on_where_how_large_and_how_tilted_a_face_is(map_):
    _, lips = portrait_lips()
    contours, other = (Contours.of(one, MouthAxes.of(one)) for one in (lips, lips.mapped(map_)))
    assert np.allclose(contours.lower_outer, other.lower_outer, atol=1e-3)
    assert contours.gap == pytest.approx(other.gap, abs=1e-3)


def test_a_smile_is_open_and_an_average_mouth_is_not():
    _, lips = portrait_lips()
    assert Contours.of(lips, MouthAxes.of(lips)).gap > 0.08
    assert closed_share(Contours.of(AVERAGE, MouthAxes.of(AVERAGE)).gap) == 1


def test_closing_brings_the_lips_together_and_the_lower_one_further():
    _, lips = portrait_lips()
    contours = Contours.of(lips, MouthAxes.of(lips))
    closed = closed_contours(contours)
    assert closed.gap < 0.005
    up = (contours.lower_inner - closed.lower_inner)[5, 1]
    down = (closed.upper_inner - contours.upper_inner)[5, 1]
    assert up > down > 0


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((5, 2)),
        np.full((5, 2), 48.0),
        LANDMARKS[:, ::-1],
        LANDMARKS * (1, -1) + (0, 96),
        LANDMARKS / 20,
    ],
    ids=["zero", "one point", "on its side", "upside down", "tiny"],
)
def test_points_of_no_upright_face_have_no_shape(points):
    assert FaceShape.of(average_lips(Landmarks.of(points))) is None


def test_lips_without_width_have_no_shape():
    assert FaceShape.of(Lips(np.ones((POINTS, 2), np.float32))) is None


@pytest.mark.parametrize("slit", [73.0, 74.0, 75.0])
def test_closed_lips_meet_in_the_dark_valley(slit):
    face = FaceShape.of(AVERAGE)
    line = face.contours.middle.copy()
    line[:, 1] += valley_offset(planes(slit), face)
    rows = face.axes.to_pixels(line)[:, 1]
    assert abs(rows[4:7].mean() - slit) < 0.6
    assert np.abs(rows[[1, 9]] - slit).max() < 1  # near the corners, too


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_nothing_gives_finite_colours_and_lines(grey):
    face, nothing = FaceShape.of(AVERAGE), Planes.of_bgr(np.full((96, 96, 3), grey, np.uint8))
    palette = palette_of(nothing, face)
    assert np.isfinite([*palette.lip, *palette.tooth, *palette.cavity]).all()
    assert np.isfinite(valley_offset(nothing, face)).all()


def test_the_teeth_of_a_smile_end_above_its_lower_lip():
    picture, lips = portrait_lips()
    picture, face = Planes.of_bgr(picture), FaceShape.of(lips)
    edge = teeth_edge(picture, face, palette_of(picture, face))
    middle = np.abs(edge[:, 0]) < 0.1
    top = np.interp(edge[middle, 0], *face.contours.upper_inner.T)
    bottom = np.interp(edge[middle, 0], *face.contours.lower_inner.T)
    assert (edge[middle, 1] > top + 0.5 * (bottom - top)).all()
    assert (edge[:, 1] <= np.interp(edge[:, 0], *face.contours.lower_inner.T) + 1e-6).all()


def test_a_mouth_without_teeth_has_no_edge_of_them():
    picture, lips = portrait_lips()
    face = FaceShape.of(lips)
    red = Planes.of_bgr(np.full_like(picture, (90, 90, 190)))
    assert teeth_edge(red, face, palette_of(red, face)) is None


def test_the_mouth_of_a_still_is_looked_at_once():
    first = follow_mouth(None, planes(), AVERAGE, 0.0)
    assert follow_mouth(first, planes(), Lips(AVERAGE.points.copy()), 0.0) is first


def test_another_shot_is_not_mixed_with_the_last():
    first = follow_mouth(None, planes(72), AVERAGE, 0.0)
    moved = AVERAGE.mapped(Affine.shift(0, -30))
    assert follow_mouth(first, planes(42), moved, 0.0).age == 0
    assert follow_mouth(first, planes(72), AVERAGE.mapped(Affine.shift(1, 0)), 0.0).age == 1


def test_colours_change_slowly():
    first = follow_mouth(None, planes(), AVERAGE, 0.0)
    mouth = replace(first, age=5)
    dark = follow_mouth(
        mouth, Planes.of_bgr(drawn() // 2), AVERAGE.mapped(Affine.shift(0.5, 0)), 0.0
    )
    light = first.seen.palette.skin_light
    assert 0.7 * light < dark.seen.palette.skin_light < 0.95 * light


def middle_below_its_sides(contours):
    line = contours.middle[:, 1]
    return float(line[5] - line[[3, 7]].mean())


def test_lips_that_meet_have_the_upper_lips_bow_but_those_of_a_smile_one_curve():
    """In the middle the upper lip hangs lowest; beside it the line rises."""
    face = FaceShape.of(AVERAGE).contours
    opened = face.with_inner(face.upper_inner[:, 1] - 0.05, face.lower_inner[:, 1] + 0.05)
    _, lips = portrait_lips()
    smile = Contours.of(lips, MouthAxes.of(lips))
    bow, none = (
        middle_below_its_sides(moved_mouth(mouth, Pose(closing=1.0), 0.0, 100).target)
        - middle_below_its_sides(closed_contours(mouth))
        for mouth in (opened, smile)
    )
    assert bow > 0.008 and abs(none) < 0.002


def test_the_line_between_closed_lips_is_taken_from_the_picture():
    face, picture = FaceShape.of(AVERAGE), drawn()
    faint = np.maximum(picture, np.array((70, 70, 150), np.uint8))
    line, light = (palette_of(Planes.of_bgr(one), face).line for one in (picture, faint))
    assert DARKEST_LINE <= line < light - 0.1 < LIGHTEST_LINE
    smile_picture, lips = portrait_lips()
    assert palette_of(Planes.of_bgr(smile_picture), FaceShape.of(lips)).line == LINE
