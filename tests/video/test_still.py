"""Picture files are told by their content, turned upright and flattened on white."""

import os
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest

from base.errors import InputError, UsageError
from tests.media import corners_of, make_cut_off, make_picture, number_of, numbered
from video.shape import Shape
from video.source import open_source
from video.still import PNG, exif_orientation, read_picture

KINDS = [".png", ".jpg", ".webp", ".bmp", ".tiff"]


def picture_of(path, shape=None):
    """The only frame of a still, as BGR."""
    source = open_source(path, shape or Shape(), Fraction(25))
    assert source.still
    (frame,) = source.frames()
    assert (frame.width, frame.height) == (source.width, source.height)
    return frame.picture()


@pytest.mark.parametrize(
    "name", ["a.jpg", "clip.v2.jpg", "a.JPG", "a.webp", "d.ir/e.f/a", "a.mp4", "png", ".hidden"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_known_by_its_content(tmp_path, kind, name):
    """Not by what follows the first dot of its name."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make_picture(path, numbered(77), kind)
    assert number_of(picture_of(path)) == 77


def test_a_relative_name_that_begins_with_a_dot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_picture(tmp_path / "a.jpg", numbered(5), ".jpg")
    assert number_of(picture_of(type(tmp_path)("./a.jpg"))) == 5
    assert number_of(picture_of(type(tmp_path)(f"{os.curdir}/../{tmp_path.name}/a.jpg"))) == 5


def test_transparency_is_flattened_on_white(tmp_path):
    bgra = np.zeros((48, 64, 4), np.uint8)
    bgra[:, 32:] = (10, 200, 30, 255)
    bgra[:, 16:32] = (0, 0, 0, 128)
    for kind in (".png", ".webp"):
        picture = read_picture(make_picture(tmp_path / "a", bgra, kind))
        assert picture.shape == (48, 64, 3)
        assert (picture[:, :16] == 255).all()
        assert (picture[:, 16:32] == 127).all()
        assert (picture[:, 32:] == (10, 200, 30)).all()


def test_sixteen_bit_and_gray(tmp_path):
    wide = numbered(9).astype(np.uint16) * 257
    assert np.array_equal(read_picture(make_picture(tmp_path / "w", wide, ".png")), numbered(9))
    gray = np.full((10, 12), 77, np.uint8)
    assert (read_picture(make_picture(tmp_path / "g", gray, ".png")) == 77).all()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    ("depth", "row", "transparent", "levels"),
    [
        (8, b"\x00\x07\x64\xff", 0, [255, 7, 100, 255]),
        (8, b"\x00\x07\x64\xff", None, [0, 7, 100, 255]),
        (2, b"\x1b", 1, [0, 255, 170, 255]),
        (16, b"\x00\x00\x00\x01\x64\x64\xff\xff", 1, [0, 255, 100, 255]),
    ],
)
def test_a_transparent_gray_is_white(tmp_path, depth, row, transparent, levels):
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 4, 2, depth, 0, 0, 0, 0)),
        *([] if transparent is None else [(b"tRNS", struct.pack(">H", transparent))]),
        (b"IDAT", zlib.compress((b"\0" + row) * 2)),
        (b"IEND", b""),
    ]
    path = tmp_path / "a.png"
    path.write_bytes(PNG + b"".join(png_chunk(*chunk) for chunk in chunks))
    assert read_picture(path).tolist() == [[[level] * 3 for level in levels]] * 2


@pytest.mark.parametrize(
    ("orientation", "corners"), [(1, "rgby"), (3, "byrg"), (5, "rybg"), (6, "yrgb"), (8, "gbyr")]
)
def test_exif_orientation_is_honoured_once(tmp_path, orientation, corners):
    path = make_picture(tmp_path / "a.jpg", numbered(1, 96, 64), ".jpg", orientation)
    picture = picture_of(path)
    assert picture.shape[:2] == ((96, 64) if orientation >= 5 else (64, 96))
    assert corners_of(picture) == corners


@pytest.mark.parametrize(
    "exif", [b"", b"XX", b"II*\0", b"MM\0*\0\0\0\x08\0\x09", b"II*\0\xff\xff\xff\xff"]
)
def test_damaged_exif_is_upright(exif):
    assert exif_orientation(exif) == 1


def test_a_still_is_shaped_like_a_video(tmp_path):
    path = make_picture(tmp_path / "a.png", numbered(3, 128, 96), ".png")
    assert corners_of(picture_of(path, Shape(resize_factor=2, rotate=True))) == "yrgb"
    shape = Shape(2, True, (4, 60, 10, 40))
    source = open_source(path, shape, Fraction(25))
    assert (source.width, source.height) == (30, 56)
    whole = picture_of(path, Shape(2, True))
    assert np.abs(picture_of(path, shape).astype(int) - whole[4:60, 10:40]).max() <= 4
    with pytest.raises(UsageError, match="crop"):
        open_source(path, Shape(crop=(0, 97, 0, -1)), Fraction(25))


def test_an_odd_still_keeps_its_size(tmp_path):
    path = make_picture(tmp_path / "a.png", numbered(3, 61, 47), ".png")
    assert picture_of(path).shape == (47, 61, 3)


def test_facts_and_loops_of_a_still(tmp_path):
    path = make_picture(tmp_path / "a.png", numbered(3), ".png")
    source = open_source(path, Shape(), Fraction(30000, 1001))
    assert (source.fps, source.has_sound, source.estimated_frames) == (
        Fraction(30000, 1001),
        False,
        1,
    )
    for loop in ("repeat", "pingpong", "freeze"):
        assert [index for index, _ in source.looped(5, loop)] == [0] * 5


@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_picture_is_one_line(tmp_path, capfd, kind, share):
    whole = make_picture(
        tmp_path / "whole", np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8), kind
    )
    with pytest.raises(InputError, match="damaged picture; give") as caught:
        open_source(make_cut_off(tmp_path / "cut", whole, share), Shape(), Fraction(25))
    assert "\n" not in str(caught.value)
    lines = capfd.readouterr().err.splitlines()
    assert all(line.startswith("libpng") for line in lines)  # which cannot be silenced
