"""Rectangles of a frame are read and changed as BGR, and every other sample stays as it is."""

from fractions import Fraction

import av
import numpy as np
import pytest

from base.geometry import Rect
from tests.cases import each
from tests.media import drawn, noise, numbered
from video.formats import planar_layout, to_planar
from video.yuv import ColorTags, Frame, Layout, layout_of

FORMATS = [
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "gray"),
    *("yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le", "gray10le"),
]
EVEN, ODD = (64, 48), (61, 47)
RECTS = [Rect(0, 8, 0, 8), Rect(7, 30, 5, 36), Rect(1, 2, 3, 4), Rect(11, 47, 20, 61)]


def frame_of(pix_fmt, size=EVEN, draw=noise, tags=None):
    return Frame(drawn(draw(7, *size), pix_fmt, tags))


def samples(frame):
    return [plane.copy() for plane in frame.planes()]


def outside(frame, rect):
    """For each plane the samples none of whose pixels lie in the rectangle."""
    for index, plane in enumerate(samples(frame)):
        keep = np.ones(plane.shape, bool)
        keep[(frame.layout.chroma_rect(rect) if index else rect).slices] = False
        yield plane[keep]


@each("rect", RECTS)
@each("size", [EVEN, ODD])
@each("pix_fmt", FORMATS)
def test_only_the_rectangle_changes(pix_fmt, size, rect):
    frame = frame_of(pix_fmt, size)
    before = samples(frame)
    region = frame.region(Rect(rect.top, rect.bottom, rect.left, rect.right))
    changed = frame.with_region(rect, 255 - region)
    for ours, original in zip(outside(changed, rect), outside(frame, rect), strict=True):
        assert np.array_equal(ours, original)
    assert not np.array_equal(changed.planes()[0], before[0])
    assert all(map(np.array_equal, samples(frame), before)), "the input frame was written to"


@each("rect", RECTS)
@each("pix_fmt", FORMATS)
def test_an_unchanged_region_leaves_every_sample(pix_fmt, rect):
    frame = frame_of(pix_fmt, ODD)
    same = frame.with_region(rect, frame.region(rect))
    assert all(map(np.array_equal, samples(same), samples(frame)))


@each("pix_fmt", FORMATS)
def test_pixels_left_alone_inside_the_region_keep_their_samples(pix_fmt):
    frame = frame_of(pix_fmt)
    rect = Rect(8, 40, 8, 56)
    region = frame.region(rect)
    region[:, :24] = 90  # the right half stays
    changed = frame.with_region(rect, region)
    for ours, original in zip(samples(changed), samples(frame), strict=True):
        half = ours.shape[1] // 2
        assert np.array_equal(ours[:, half:], original[:, half:])
        assert not np.array_equal(ours[:, :half], original[:, :half])


@each("tags", [{}, {"colorspace": 1}, {"colorspace": 9}, {"color_range": 2}])
@each("pix_fmt", ["yuv444p", "yuv444p10le", "yuv444p16le"])
def test_a_new_region_can_be_read_back(pix_fmt, tags):
    frame = Frame(drawn(np.full((48, 64, 3), 90, np.uint8), pix_fmt))
    ColorTags(matrix=tags.get("colorspace", 2), range=tags.get("color_range", 1)).apply_to(
        frame.av_frame
    )
    rect = Rect(3, 43, 5, 60)
    region = noise(1, *rect.size).astype(np.float32)
    read = frame.with_region(rect, region).region(rect)
    assert np.abs(read - region).max() < 2.5 / (1 << (frame.layout.bits - 8)) + 0.02


def test_chroma_takes_the_mean_of_its_cell_and_the_share_at_an_odd_edge():
    frame = Frame.of_picture(np.full((8, 8, 3), 100, np.uint8))
    blue, red = (int(plane[0, 0]) for plane in frame.planes()[1:])
    rect = Rect(2, 4, 3, 6)  # one column of the cell at 2, both of the cell at 4
    region = frame.region(rect)
    region[..., 0] += 60
    changed = frame.with_region(rect, region)
    gain = 60 * 0.5 * 224 / 255  # blue-difference of 60 more blue: half of it, in 224 steps
    assert changed.planes()[1][1, 2] == round(blue + gain)
    assert changed.planes()[1][1, 1] == round(blue + gain / 2)
    assert changed.planes()[1][1, 3] == changed.planes()[1][0, 2] == blue
    assert int(changed.planes()[2][1, 2]) < red


def test_the_last_cell_of_an_odd_frame_is_not_diluted():
    frame = Frame(drawn(np.full((47, 61, 3), 100, np.uint8), "yuv420p"))
    rect = Rect(40, 47, 50, 61)
    region = frame.region(rect)
    region[..., 0] += 60
    blue = frame.with_region(rect, region).planes()[1]
    assert blue[-1, -1] == blue[-2, -2] == blue[-1, -2] == blue[-2, -1]


def test_values_are_rounded():
    """Unlike with astype(np.uint8), which drops the fraction."""
    frame = Frame(drawn(np.full((8, 8, 3), 100, np.uint8), "gray"))
    rect = Rect(0, 8, 0, 8)
    level = int(frame.planes()[0][0, 0])
    up = 0.6 * 255 / 219
    assert frame.with_region(rect, frame.region(rect) + up).planes()[0][0, 0] == level + 1
    assert frame.with_region(rect, frame.region(rect) - up).planes()[0][0, 0] == level - 1
    assert frame.with_region(rect, frame.region(rect) + up / 2).planes()[0][0, 0] == level


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "gray"])
def test_values_are_clipped(pix_fmt):
    frame = frame_of(pix_fmt)
    rect = Rect(0, 48, 0, 64)
    bright = np.full((48, 64, 3), 4000, np.float32)
    assert frame.with_region(rect, bright).planes()[0].min() == frame.layout.max_value
    assert frame.with_region(rect, -bright).planes()[0].max() == 0


@pytest.mark.parametrize("matrix", [1, 5, 6, 7, 9])
@pytest.mark.parametrize("color_range", [1, 2])
def test_white_gray_and_primaries_are_read_in_the_frame_s_matrix(matrix, color_range):
    weights = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
    red, blue = weights.get(matrix, (0.299, 0.114))
    av_frame = av.VideoFrame(8, 8, "yuv444p16le")
    ColorTags(matrix, color_range).apply_to(av_frame)
    frame = Frame(av_frame)
    unit, low = (65535, 0) if color_range == 2 else (219 * 256, 16 * 256)
    swing = 65535 if color_range == 2 else 224 * 256
    for bgr in ([255, 255, 255], [0, 0, 0], [128, 128, 128], [255, 0, 0], [0, 0, 255], [0, 255, 0]):
        b, g, r = (value / 255 for value in bgr)
        y = red * r + blue * b + (1 - red - blue) * g
        levels = [
            low + unit * y,
            32768 + swing * (b - y) / (2 - 2 * blue),
            32768 + swing * (r - y) / (2 - 2 * red),
        ]
        for plane, level in zip(frame.planes(), levels, strict=True):
            plane[...] = np.clip(round(level), 0, 65535)
        assert np.allclose(frame.region(Rect(0, 8, 0, 8)), bgr, atol=0.02)


@pytest.mark.parametrize(("height", "matrix"), [(718, 6), (720, 1)])
def test_an_untagged_matrix_is_that_for_the_height(height, matrix):
    frame = Frame(drawn(noise(3, 8, height), "yuv444p"))
    ColorTags().apply_to(frame.av_frame)
    rect = Rect(0, 8, 0, 8)
    guessed = frame.region(rect)
    ColorTags(matrix, 1).apply_to(frame.av_frame)
    assert np.array_equal(guessed, frame.region(rect))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "gray"])
def test_agrees_with_swscale(pix_fmt):
    frame = Frame(drawn(numbered(21, 128, 96), pix_fmt))
    theirs = frame.av_frame.to_ndarray(format="bgr24") if pix_fmt != "gray" else None
    if theirs is None:  # swscale takes gray for full range
        theirs = drawn(frame.picture(), "gray", {"color_range": 2}).to_ndarray(format="bgr24")
    assert np.abs(frame.picture().astype(int) - theirs).mean() < 2


@pytest.mark.parametrize(("size", "name"), [(EVEN, "yuv420p"), (ODD, "yuv444p")])
def test_a_picture_becomes_a_frame_and_comes_back(size, name):
    smooth = np.linspace(0, 255, size[0] * size[1] * 3).reshape(size[1], size[0], 3)
    picture = smooth.astype(np.uint8)
    frame = Frame.of_picture(picture)
    assert frame.layout.name == name
    assert (frame.width, frame.height) == size
    assert np.abs(frame.picture().astype(int) - picture).max() <= 3
    assert frame.tags == ColorTags(matrix=6, range=1, primaries=1, transfer=13)
    assert Frame.of_picture(np.zeros((720, 8, 3), np.uint8)).tags.matrix == 1


def test_downscaled_keeps_the_proportions_and_returns_its_scale():
    frame = Frame.of_picture(numbered(3, 320, 200))
    small, scale = frame.downscaled(160)
    assert small.shape == (100, 160, 3)
    assert small.dtype == np.uint8
    assert scale == 0.5
    assert np.abs(small.astype(int) - numbered(3, 160, 100)).mean() < 3
    whole, scale = frame.downscaled(640)
    assert whole.shape == (200, 320, 3)
    assert scale == 1
    assert Frame(drawn(numbered(3), "gray10le")).downscaled(32)[0].shape == (24, 32, 3)


def test_tags_time_and_aspect_are_kept():
    tags = ColorTags(matrix=9, range=2, primaries=9, transfer=16)
    av_frame = drawn(numbered(1), "yuv420p10le")
    tags.apply_to(av_frame)
    av_frame.pts, av_frame.time_base = 41, Fraction(1, 30)
    frame = Frame(av_frame, Fraction(4, 3))
    rect = Rect(0, 9, 0, 9)
    changed = frame.with_region(rect, 255 - frame.region(rect))
    assert changed.tags == tags
    assert (changed.av_frame.pts, changed.av_frame.time_base) == (41, Fraction(1, 30))
    assert changed.aspect == Fraction(4, 3)


@pytest.mark.parametrize("rect", [Rect(0, 49, 0, 8), Rect(0, 8, 60, 65)])
def test_a_rectangle_outside_is_refused(rect):
    with pytest.raises(ValueError, match="not inside"):
        frame_of("yuv420p").region(rect)


def test_a_frame_is_planar():
    with pytest.raises(ValueError, match="planar YUV"):
        Frame(drawn(numbered(1), "nv12"))


@each(
    ("name", "nearest"),
    [
        ("nv12", "yuv420p"),
        ("nv24", "yuv444p"),
        ("p010le", "yuv420p10le"),
        ("p210le", "yuv422p10le"),
        ("yuyv422", "yuv422p"),
        ("yuvj422p", "yuv422p"),
        ("yuva444p12le", "yuv444p12le"),
        ("yuv420p10be", "yuv420p10le"),
        ("rgb24", "yuv444p"),
        ("gbrp10le", "yuv444p10le"),
        ("rgb48le", "yuv444p16le"),
        ("pal8", "yuv444p"),
        ("ya8", "gray"),
        ("yuv440p10le", "yuv440p10le"),
    ],
)
def test_the_nearest_planar_format(name, nearest):
    layout = planar_layout(av.VideoFormat(name))
    assert layout.name == nearest
    assert layout_of(nearest) == layout


@pytest.mark.parametrize(
    ("name", "error"),
    [
        *[(name, 3) for name in ("nv12", "p010le", "yuyv422", "yuvj444p", "yuvj420p")],
        *[(name, 1.2) for name in ("rgb24", "gbrp", "gbrp12le", "bgra", "rgb48le", "yuv444p16be")],
    ],
)
def test_other_formats_become_planar_with_their_colours(name, error):
    av_frame = drawn(numbered(9), name)
    planar = to_planar(av_frame, planar_layout(av_frame.format), (64, 48))
    assert np.abs(Frame(planar).picture().astype(int) - numbered(9)).mean() < error


def test_full_range_jpeg_planes_keep_their_samples():
    av_frame = drawn(numbered(9), "yuvj420p")
    planar = to_planar(av_frame, Layout("yuv420p", 8), (64, 48))
    assert ColorTags.of(planar).range == 2
    for ours, theirs in zip(planar.planes, av_frame.planes, strict=True):
        assert bytes(ours) == bytes(theirs)


def row_padding(av_frame, fill=None):
    """The bytes behind the ends of the rows, filled first where a number is given."""
    content = b""
    width = 1 if av_frame.format.components[0].bits == 8 else 2
    for plane in av_frame.planes:
        padding = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, plane.width * width :]
        if fill is not None:
            padding[...] = fill
        content += padding.tobytes()
    return content


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p10le", "gray"])
def test_the_padding_of_rows_is_zero(pix_fmt):
    """x264 reads it, so what is left there by chance would change the file."""
    frame = frame_of(pix_fmt, ODD)
    assert set(row_padding(frame.av_frame, 77)) == {77}
    changed = frame.with_region(RECTS[0], frame.region(RECTS[0]) + 9)
    planar = to_planar(frame.av_frame, Layout("yuv422p", 8), ODD)
    for av_frame in (changed.av_frame, planar, Frame.of_picture(frame.picture()).av_frame):
        assert row_padding(av_frame) and not any(row_padding(av_frame))
