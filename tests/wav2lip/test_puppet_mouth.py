import numpy as np
import pytest

from tests.talking import LANDMARKS, drawn, portrait
from wav2lip.generators.puppet.mouth import LipLines, MouthAxes, find_mouth, line_height
from wav2lip.generators.puppet.tracking import track_mouth

LINES = LipLines.grid()
MIDDLE = np.array([0.0], np.float32)


def middle_row(mouth, axes):
    """Row of the lower lip's edge at the mouth's middle, counted as landmarks are."""
    return float(axes.to_pixels(MIDDLE, line_height(mouth.lower, MIDDLE))[1][0]) + 0.5


@pytest.mark.parametrize("slit", [69.0, 72.0, 75.5])
def test_closed_lips_part_where_the_picture_shows_it(slit):
    axes = MouthAxes.of(LANDMARKS)
    mouth = find_mouth(drawn(slit), axes, LINES)
    assert mouth.gap == 0.0
    assert abs(middle_row(mouth, axes) - slit) < 1.0


def test_a_smile_has_an_upper_and_a_lower_edge_around_its_teeth():
    face, landmarks = portrait()
    axes = MouthAxes.of(landmarks)
    mouth = find_mouth(face, axes, LINES)
    assert 0.08 < mouth.gap < 0.3
    rows = [
        axes.to_pixels(MIDDLE, line_height(edge, MIDDLE))[1][0]
        for edge in (mouth.upper, mouth.lower)
    ]
    column = round(axes.to_pixels(MIDDLE, line_height(mouth.lower, MIDDLE))[0][0])
    redness = face[:, column, 2].astype(int) - face[:, column, 1]
    teeth = redness[round(rows[0]) + 1 : round(rows[1])]
    lip = redness[round(rows[1]) + 2 : round(rows[1]) + 5]
    assert teeth.mean() + 15 < lip.mean()


def test_a_grey_picture_has_a_mouth_too():
    face = np.repeat(drawn().mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    axes = MouthAxes.of(LANDMARKS)
    assert abs(middle_row(find_mouth(face, axes, LINES), axes) - 72) < 1.0


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_nothing_gives_a_finite_mouth(grey):
    mouth = find_mouth(np.full((96, 96, 3), grey, np.uint8), MouthAxes.of(LANDMARKS), LINES)
    assert all(
        np.isfinite(part).all()
        for part in (mouth.upper, mouth.lower, mouth.slit_ends, mouth.lip_color)
    )


@pytest.mark.parametrize(
    "points",
    [
        np.full((5, 2), np.nan),
        np.zeros((5, 2)),
        np.full((5, 2), 48.0),
        LANDMARKS + 200,
        LANDMARKS[:, ::-1],
        LANDMARKS * (1, -1) + (0, 96),
        LANDMARKS * 100,
    ],
    ids=["nan", "zero", "one point", "outside", "on its side", "upside down", "huge"],
)
def test_landmarks_of_no_upright_face_give_no_axes(points):
    assert MouthAxes.of(points.astype(np.float32)) is None


def test_trembling_landmarks_make_the_lips_tremble_less():
    noise = np.random.default_rng(2).normal(0, 0.5, (40, 5, 2)).astype(np.float32)
    face, tracked, rows = drawn(), None, []
    for shift in noise:
        tracked = track_mouth(tracked, face, LANDMARKS + shift, LINES)
        rows.append(middle_row(tracked.mouth, tracked.coordinates.axes))
    trembling = noise[:, 3:, 1].mean(axis=1)
    assert np.abs(np.diff(rows)).mean() < 0.4 * np.abs(np.diff(trembling)).mean()


def test_the_mouth_of_a_still_is_searched_once():
    first = track_mouth(None, drawn(), LANDMARKS, LINES)
    assert track_mouth(first, drawn(), LANDMARKS.copy(), LINES) is first


def test_another_shot_is_not_mixed_with_the_last():
    first = track_mouth(None, drawn(75), LANDMARKS, LINES)
    moved = LANDMARKS + np.float32([0, -9])
    after = track_mouth(first, drawn(63), moved, LINES)
    assert np.array_equal(after.smoothed_landmarks, moved)
    assert np.array_equal(
        after.mouth.lower, find_mouth(drawn(63), MouthAxes.of(moved), LINES).lower
    )


def test_lips_that_really_moved_are_followed_at_once():
    """Else a video that speaks already gets a second opening where its mouth was before."""
    first = track_mouth(None, drawn(69), LANDMARKS, LINES)
    after = track_mouth(first, drawn(75), LANDMARKS, LINES)
    assert abs(middle_row(after.mouth, after.coordinates.axes) - 75) < 1.0
