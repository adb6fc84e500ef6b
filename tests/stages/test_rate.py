"""Frames at another rate: what is shown when, and how frames between two look."""

import math
from fractions import Fraction
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks
from base.lips import POINTS, Lips
from faces.face import Face
from stages.rate.faces import face_between
from stages.rate.flow import by_flow
from stages.rate.stage import FrameRate, RateSettings, load_rate
from stages.stage import OutputFrame, StageScene, VideoFormat
from tests.slow import rest_slow
from video.yuv import Frame, frame_from_planes, layout_of

BOX = Box(60.0, 120.0, 50.0, 110.0)
RATES = [(25, 50), (25, 60), (25, 30), (Fraction(24000, 1001), Fraction(60000, 1001)), (30, 240)]


def texture(seed, width=192, height=160):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 20, 230, cv2.NORM_MINMAX)


def square_at(x, y=50.0, side=60):
    """A frame with a textured square, its left upper corner there, over another texture."""
    ground = texture(1) // 2
    square = cv2.copyMakeBorder(texture(2)[:side, :side], 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    inside = cv2.copyMakeBorder(np.full((side, side), 1, np.float32), 2, 2, 2, 2, 0)
    place = np.array([[1, 0, x - 2], [0, 1, y - 2]], np.float64)
    size = ground.shape[1::-1]
    mask = cv2.warpAffine(inside, place, size)[..., None]
    moved = cv2.warpAffine(square, place, size)
    return Frame.of_picture((ground * (1 - mask) + moved * mask).round().astype(np.uint8))


def face_at(x, lips=True):
    shift = Affine.shift(x, 0.0)
    points = np.random.default_rng(3).uniform(60, 110, (POINTS, 2)).astype(np.float32)
    seen = Lips(points).mapped(shift) if lips else None
    box = Box(BOX.top, BOX.bottom, BOX.left + x, BOX.right + x)
    return Face(box, Landmarks.fixed(box), 1.0, seen)


def plain(number, face=None, starts_shot=False):
    """A frame all of one level, its number."""
    picture = np.full((48, 64, 3), number % 200 + 20, np.uint8)
    return OutputFrame(number, Frame.of_picture(picture), face, number, starts_shot)


def stage(given, wanted):
    scene = StageScene(VideoFormat(64, 48, Fraction(given)), plain(0).frame, still=False)
    return load_rate(RateSettings(Fraction(wanted)), scene)


@pytest.mark.parametrize(("given", "wanted"), rest_slow(RATES, 2))
def test_a_frame_of_the_source_is_shown_untouched_at_its_own_time(given, wanted):
    frames = [plain(i) for i in range(40)]
    made = list(stage(given, wanted)(iter(frames)))
    assert len(made) >= math.ceil(39 * wanted / Fraction(given))
    assert [output.index for output in made] == list(range(len(made)))
    exact = 0
    for output in made:
        place = output.index * Fraction(given) / wanted
        if place.denominator == 1 and place < len(frames):
            assert output.frame is frames[int(place)].frame
            exact += 1
        assert abs(output.source_index - place) <= Fraction(1, 2) or place > 39
    assert exact >= 6


@pytest.mark.parametrize(
    ("given", "wanted"), [(60, 25), (50, 25), (Fraction(60000, 1001), 30), (30, 29)]
)
def test_a_lower_rate_drops_frames_and_shows_the_nearest(given, wanted):
    frames = [plain(i) for i in range(100)]
    made = list(stage(given, wanted)(iter(frames)))
    step = Fraction(given) / wanted
    for output in made:
        nearest = math.floor(output.index * step + Fraction(1, 2))
        assert output.frame is frames[nearest].frame
    assert len(made) == sum(i * step + Fraction(1, 2) < 100 for i in range(100))
    assert all(after.source_index - before.source_index == 1 for before, after in pairwise(made))


def test_the_same_rate_changes_nothing():
    frames = [plain(i) for i in range(5)]
    same = stage(Fraction(30000, 1001), Fraction(30000, 1001))
    assert all(a is b for a, b in zip(same(iter(frames)), frames, strict=True))


def test_the_output_has_the_rate():
    assert stage(25, 60).output(VideoFormat(64, 48, Fraction(25))).fps == 60


@pytest.mark.parametrize("wanted", [50, 60, 240])
def test_nothing_is_mixed_across_a_cut(wanted):
    """Two scenes of one colour each: a mixed picture would have another one."""
    first, second = square_at(40.0), Frame.of_picture(texture(9))
    frames = [OutputFrame(i, first, None, i) for i in range(4)]
    frames += [OutputFrame(i, second, None, i, starts_shot=i == 4) for i in range(4, 8)]
    made = list(stage(25, wanted)(iter(frames)))
    assert all(output.frame is first or output.frame is second for output in made)
    for output in made:
        place = output.index * Fraction(25, wanted)
        assert (output.frame is second) is (place >= Fraction(7, 2))
    starts = [output.index for output in made if output.starts_shot]
    assert starts == [math.ceil(Fraction(7, 2) * wanted / 25)]


def test_nothing_is_mixed_where_no_cut_was_told():
    """The frames show different things: the nearer one is shown."""
    first, second = Frame.of_picture(texture(5)), Frame.of_picture(texture(9))
    frames = [OutputFrame(0, first, None, 0), OutputFrame(1, second, None, 1)]
    made = islice(stage(25, 100)(iter(frames)), 4)
    assert [output.frame is second for output in made] == [False, False, True, True]


def place_of_square(frame):
    """Where the square's texture fits best, to a fraction of a pixel."""
    luma = frame.planes()[0]
    wanted = square_at(40.0).planes()[0][58:102, 48:92]
    scores = cv2.matchTemplate(luma, wanted, cv2.TM_SQDIFF_NORMED)
    _, _, (x, y), _ = cv2.minMaxLoc(scores)
    left, middle, right = scores[y, x - 1 : x + 2]
    return x - 8 + 0.5 * (left - right) / (left - 2 * middle + right), y - 8


@pytest.mark.parametrize("move", [3.0, 9.0, -6.5])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.8])
def test_a_square_that_moves_lies_where_it_should(move, part):
    first, second = square_at(60.0), square_at(60.0 + move)
    frame = by_flow(first, second)(part, None)
    x, y = place_of_square(frame)
    assert abs(x - (60.0 + move * part)) < 0.5 and y == 50


def test_a_square_that_moves_leaves_no_ghost():
    """Beside the square and where it was, the ground shows as it is in one of the frames."""
    frame = by_flow(square_at(60.0), square_at(70.0))(0.5, None)
    truth = square_at(65.0)
    error = cv2.absdiff(frame.planes()[0], truth.planes()[0])
    mixed = cv2.addWeighted(square_at(60.0).planes()[0], 0.5, square_at(70.0).planes()[0], 0.5, 0)
    ghost = cv2.absdiff(mixed, truth.planes()[0])
    assert error.mean() < 0.25 * ghost.mean() and (error > 20).mean() < 0.005


GRAIN = np.random.default_rng(4).integers(-1, 2, (160, 192, 3)).astype(np.float32)


def grained(frame, seed):
    """Flat above and on the left, with a grain of its own, and a corner that changes."""
    luma, *chroma = (plane.copy() for plane in frame.planes())
    grain = 90 + np.random.default_rng(seed).integers(0, 2, luma.shape)
    luma[:40], luma[:, :40] = grain[:40], grain[:, :40]
    luma[150:, :8] = 40 * seed
    return frame_from_planes([luma, *chroma], frame.layout, frame)


def test_what_rests_keeps_its_own_samples():
    """The grain of a resting ground is that of the nearer frame: it does not pulse."""
    first, second = grained(square_at(90.0), 1), grained(square_at(94.0), 2)
    for part, nearer in ((0.4, first), (0.5, second)):
        made = by_flow(first, second)(part, None)
        luma, own = made.planes()[0], nearer.planes()[0]
        assert np.array_equal(luma[:20], own[:20])
        assert np.array_equal(luma[40:110, :20], own[40:110, :20])  # between what moves
    assert by_flow(first, first.with_change(_whole(first), GRAIN))(0.3, None) is first


def test_what_changes_where_it_is_shows_once():
    """As an eye that closes: it is open or closed, not half of each."""
    first = square_at(60.0)
    picture = first.picture()
    picture[75:105, 75:105] = 90
    second = Frame.of_picture(picture)
    inside = np.s_[80:100, 80:100]
    for part, shown in ((0.4, first), (0.6, second)):
        luma = by_flow(first, second)(part, None).planes()[0][inside].astype(int)
        assert np.abs(luma - shown.planes()[0][inside]).mean() < 8


def test_ten_bits_stay_within_ten_bits():
    layout = layout_of("yuv420p10le")
    edges = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((8, 8))).astype(np.uint16) * 1023
    gray = np.full((64, 64), 512, np.uint16)
    frames = [
        frame_from_planes([np.roll(edges, x, 1), gray, gray], layout, square_at(60.0))
        for x in (0, 3)
    ]
    made = by_flow(*frames)(0.5, None)
    assert made is not None and made.planes()[0].max() == 1023


@pytest.mark.parametrize("name", ["yuv420p10le", "yuv444p", "gray"])
def test_every_layout_keeps_its_kind(name):
    layout = layout_of(name)

    def shaped(frame):
        luma, *chroma = frame.planes()
        size = layout.chroma_rect(_whole(frame)).size
        planes = [luma, *(cv2.resize(plane, size) for plane in chroma)]
        planes = planes if layout.has_chroma else planes[:1]
        raised = [plane.astype(np.uint16) << (layout.bits - 8) for plane in planes]
        return frame_from_planes(raised if layout.bits > 8 else planes, layout, frame)

    first, second = shaped(square_at(60.0)), shaped(square_at(66.0))
    frame = by_flow(first, second)(0.5, None)
    assert frame.layout == layout and frame.tags == first.tags
    truth = shaped(square_at(63.0)).planes()[0].astype(float)
    error = np.abs(frame.planes()[0] - truth).mean() / (1 << (layout.bits - 8))
    assert error < 1.5 and max(p.max() for p in frame.planes()) <= layout.max_value


def _whole(frame):
    return Box(0, frame.height, 0, frame.width).inside(frame.width, frame.height)


def test_frames_of_other_sizes_are_not_mixed():
    small, large = Frame.of_picture(texture(1, 64, 48)), Frame.of_picture(texture(1))
    assert by_flow(small, large)(0.5, None) is None


def test_the_face_goes_along():
    frames = [
        OutputFrame(i, square_at(60.0 + 8 * i), face_at(8.0 * i), i, i == 0) for i in range(3)
    ]
    made = list(stage(25, 50)(iter(frames)))
    assert [output.face.box.left - 50 for output in made[:5]] == pytest.approx([0, 4, 8, 12, 16])
    assert made[0].face is frames[0].face and made[2].face is frames[1].face
    lips = made[1].face.lips.points - frames[0].face.lips.points
    assert np.abs(lips - (4, 0)).max() < 1e-4
    assert [output.starts_shot for output in made[:3]] == [True, False, False]


@pytest.mark.parametrize("second", [None, face_at(8.0, lips=False)])
def test_where_a_face_or_its_lips_are_lost_the_nearer_frame_is_shown(second):
    frames = [
        OutputFrame(0, square_at(60.0), face_at(0.0), 0),
        OutputFrame(1, square_at(68.0), second, 1),
    ]
    made = list(islice(stage(25, 100)(iter(frames)), 4))
    assert [output.frame for output in made] == [frames[i].frame for i in (0, 0, 1, 1)]
    assert [output.face for output in made] == [frames[i].face for i in (0, 0, 1, 1)]


def test_a_face_that_is_not_believed_is_shown_as_in_the_nearer_frame():
    """The face's own area changes altogether; the rest of the picture rests."""
    first = square_at(60.0)
    picture = first.picture()
    picture[60:120, 50:110] = texture(11)[:60, :60]
    second = Frame.of_picture(picture)
    assert by_flow(first, second)(0.4, None) is not None
    assert by_flow(first, second)(0.4, BOX) is None


def test_between_two_faces_everything_is_half_way():
    face = face_between(face_at(0.0), face_at(10.0), 0.3)
    assert face.box.left == pytest.approx(53) and face.box.width == pytest.approx(60)
    moved = face.landmarks.points() - face_at(0.0).landmarks.points()
    assert np.abs(moved - (3, 0)).max() < 1e-9


def test_few_frames_are_read_ahead():
    read = []

    def source():
        for i in range(100):
            read.append(i)
            yield plain(i)

    made = FrameRate(Fraction(50), Fraction(1, 2))(source())
    for _ in range(10):
        next(made)
    assert len(read) <= 7
