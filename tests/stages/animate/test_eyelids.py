import cv2
import numpy as np
import pytest

from stages.animate.eyelids import contrast, eye_samples, with_closed_eyes
from stages.animate.portrait import see_portrait
from stages.animate.restraint import can_blink, opening
from stages.animate.stage import Living
from tests.stages.animate.portraits import FACE, PICTURE, difference, in_layout, part, photo, same


@pytest.fixture(scope="module")
def eyes(portrait):
    frame = photo()
    return (
        eye_samples(portrait.left_eye, frame, True),
        eye_samples(portrait.right_eye, frame, False),
    )


def ball(eye, frame):
    """The luma between the lids, away from them."""
    inner = (eye.gap > 4) & (eye.height > eye.upper + 2) & (eye.height < eye.lower - 2)
    return frame.planes()[0][eye.rect.slices][inner].astype(int)


def with_shades():
    picture = PICTURE.copy()
    for centre in ((217, 200), (305, 203)):
        cv2.ellipse(picture, centre, (30, 22), 0, 0, 360, (15, 15, 15), -1, cv2.LINE_AA)
    return picture


def test_lids_lie_where_the_eyes_are(portrait):
    for eye, centre in ((portrait.left_eye, (215, 203)), (portrait.right_eye, (303, 208))):
        middle = (eye.lids.lower.mean(0) + eye.lids.upper.mean(0)) / 2
        assert np.abs(middle - centre).max() < 5 and 30 < eye.lids.width < 42
        assert np.array_equal(eye.lids.lower[[0, -1]], eye.lids.upper[[0, -1]])
        assert (eye.lids.lower[1:-1, 1] > eye.lids.upper[1:-1, 1] + 1).all()
        assert (np.diff(eye.lids.lower[:, 0]) > 0).all()
        assert eye.brow[:, 1].max() < eye.lids.upper[:, 1].min()


def test_a_mirrored_face_has_mirrored_lids(networks, portrait):
    width = PICTURE.shape[1]
    points = FACE.landmarks.points()[[1, 0, 2, 4, 3]] * [-1, 1] + [width, 0]
    box = FACE.box
    mirrored = type(FACE)(
        type(box)(box.top, box.bottom, width - box.right, width - box.left),
        type(FACE.landmarks).of(points),
        1.0,
    )
    other = see_portrait(networks, photo(PICTURE[:, ::-1]), mirrored)
    lower = portrait.left_eye.lids.lower[::-1] * [-1, 1] + [width, 0]
    assert np.abs(other.right_eye.lids.lower - lower).max() < 2


def test_open_eyes_are_the_photos(eyes):
    frame = photo()
    assert with_closed_eyes(frame, eyes, 0.0) is frame
    assert difference(with_closed_eyes(frame, eyes, 0.011), frame).max() < 30


@pytest.mark.parametrize("side", [0, 1])
def test_closed_eyes_show_skin_and_no_eyeball(eyes, side):
    """Neither the white of an eye nor its dark iris is left between the lids."""
    frame = photo()
    closed = with_closed_eyes(frame, eyes, 1.0)
    luma = eyes[side][0]
    before, after = ball(luma, frame), ball(luma, closed)
    assert np.ptp(np.percentile(before, (2, 98))) > 100
    above = after[: len(after) // 2]  # the lashes lie below
    assert np.ptp(np.percentile(above, (2, 98))) < 70
    cheek = float(frame.planes()[0][230:245, 205:225].mean())
    assert abs(np.median(above) - cheek) < 45


def test_no_white_speck_is_left_beside_closed_eyes(eyes):
    """White of an eye that its lids' curves missed goes with the eye."""
    luma = eyes[0][0]
    y, x = np.argwhere(np.abs(luma.height - luma.lower - 2) + abs(luma.gap - 9) < 1)[0]
    at = slice(luma.rect.top + y, luma.rect.top + y + 2), slice(luma.rect.left + x, None)
    picture = PICTURE.copy()
    picture[at[0], at[1].start : at[1].start + 3] = 255
    frame = photo(picture)
    spot = at[0], slice(at[1].start, at[1].start + 3)
    cheek = frame.planes()[0][230:245, 205:225].mean()
    assert frame.planes()[0][spot].min() > cheek + 30
    assert with_closed_eyes(frame, eyes, 1.0).planes()[0][spot].max() < cheek + 10


def change(eye, frame, eyes, share, band):
    """Levels by which a band between the lids, 0 the upper one, 1 the lower one, has changed."""
    along = (eye.height - eye.upper) / np.maximum(eye.gap, 1)
    inner = (eye.gap > 8) & (along > band[0]) & (along < band[1])
    return difference(with_closed_eyes(frame, eyes, share), frame)[eye.rect.slices][inner].mean()


@pytest.mark.parametrize("side", [0, 1])
def test_lids_go_down_and_do_not_fade(eyes, side):
    """While the upper part is covered the lower part is as it was; later it is covered, too."""
    frame, luma = photo(), eyes[side][0]
    upper, lower = (0.05, 0.2), (0.6, 0.8)
    quarter = [change(luma, frame, eyes, 0.25, band) for band in (upper, lower)]
    most = [change(luma, frame, eyes, 0.9, band) for band in (upper, lower)]
    assert quarter[0] > 0.4 * most[0] and most[1] > 15
    assert quarter[1] < 0.15 * most[1]  # of a fade it would be 0.28


def test_only_the_eyes_change(eyes):
    frame = photo()
    changed = difference(with_closed_eyes(frame, eyes, 1.0), frame) > 0
    for luma, *_ in eyes:
        changed[luma.rect.slices] = False
    assert not changed.any()


@pytest.mark.parametrize("name", ["yuv444p", "yuv420p10le", "gray"])
def test_eyes_close_in_every_layout(portrait, name):
    frame = in_layout(name)
    eyes = [
        eye_samples(portrait.left_eye, frame, True),
        eye_samples(portrait.right_eye, frame, False),
    ]
    usual = [
        eye_samples(portrait.left_eye, photo(), True),
        eye_samples(portrait.right_eye, photo(), False),
    ]
    closed = with_closed_eyes(frame, eyes, 0.7)
    expected = with_closed_eyes(photo(), usual, 0.7)
    unit = 1 << (frame.layout.bits - 8)
    off = np.abs(closed.planes()[0].astype(int) / unit - expected.planes()[0].astype(int))
    assert off.max() < 2 and not same(closed, frame)


def test_eyes_behind_dark_glasses_do_not_blink(networks, living):
    assert living.restraint.can_blink
    assert not Living.of(networks, photo(with_shades()), FACE, 1.0).restraint.can_blink


def test_drawn_eyes_that_are_larger_than_their_lids_do_not_blink(networks):
    picture = PICTURE.copy()
    for x, y in ((215, 203), (303, 208)):
        cv2.circle(picture, (x, y), 27, (245, 245, 245), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 27, (40, 40, 40), 2, cv2.LINE_AA)
        cv2.circle(picture, (x + 3, y + 4), 12, (30, 60, 20), -1, cv2.LINE_AA)
    living = Living.of(networks, photo(picture), FACE, 1.0)
    assert living is not None and not living.restraint.can_blink


def test_an_eye_that_the_border_cuts_does_not_blink(networks):
    frame, face = part(0, 512, 212, 512)
    portrait = see_portrait(networks, frame, face)
    assert portrait.left_eye is None and portrait.right_eye is not None
    assert not Living.of(networks, frame, face, 1.0).restraint.can_blink


def test_eyes_that_are_too_small_do_not_blink(networks):
    tiny = cv2.resize(PICTURE, (112, 112), interpolation=cv2.INTER_AREA)
    portrait = see_portrait(networks, photo(tiny), FACE.scaled(112 / 512))
    assert not can_blink(portrait)


def test_closed_eyes_do_not_blink(networks, eyes):
    """A photo with closed eyes: they stay so."""
    closed = with_closed_eyes(photo(), eyes, 1.0)
    portrait = see_portrait(networks, closed, FACE)
    openings = [opening(eye, portrait) for eye in (portrait.left_eye, portrait.right_eye)]
    luma = eye_samples(portrait.left_eye, closed, True)[0]
    assert not can_blink(portrait) or contrast(luma, closed) < 0.2, openings
