"""Pictures and files that are too large are refused before they are read or decoded."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from base.errors import InputError
from tests.cases import each
from tests.media import make_picture, make_video, noise
from video.picture_size import size_from_header
from video.shape import Shape
from video.source import open_source
from video.still import read_picture

PICTURE = noise(0, 70, 40)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_without_pixels(width, height):
    """A PNG whose header is right and whose pixels are missing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@each(
    ("kind", "options"),
    [
        *((kind, []) for kind in (".png", ".jpg", ".bmp", ".tiff")),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
        (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    ],
)
@each("channels", [3, 4])
def test_the_size_is_read_from_the_header(kind, options, channels):
    """With a fourth channel some kinds have another header."""
    picture = np.dstack([PICTURE, PICTURE[..., 0]])[..., :channels]
    _, data = cv2.imencode(kind, picture, options)
    assert size_from_header(data.tobytes()) == (70, 40)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp", ".tiff"])
def test_a_header_that_is_cut_off_has_no_size(kind):
    _, data = cv2.imencode(kind, PICTURE)
    assert all(
        size_from_header(data.tobytes()[:n]) in (None, (70, 40), (0, 0)) for n in range(12, 60)
    )


def test_a_bmp_stored_from_the_top_has_a_negative_height():
    _, data = cv2.imencode(".bmp", PICTURE)
    flipped = data.tobytes()[:22] + struct.pack("<i", -40) + data.tobytes()[26:]
    assert size_from_header(flipped) == (70, 40)


def test_too_large_a_picture_is_not_decoded(tmp_path):
    """Decoding would find the picture damaged."""
    (tmp_path / "a.png").write_bytes(png_without_pixels(9000, 9000))
    with pytest.raises(InputError, match=r"9000x9000 .*--max_pixels 67108864") as caught:
        read_picture(tmp_path / "a.png", 8192 * 8192)
    assert caught.value.exit_code == 3
    with pytest.raises(InputError, match="damaged"):
        read_picture(tmp_path / "a.png", 0)


def test_as_many_pixels_as_allowed(tmp_path):
    path = make_picture(tmp_path / "a.png", PICTURE, ".png")
    assert read_picture(path, 2800).shape == (40, 70, 3)
    with pytest.raises(InputError, match="max_pixels"):
        read_picture(path, 2799)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp", ".tiff"])
def test_a_file_far_larger_than_any_picture_is_not_read(tmp_path, kind):
    """A terabyte, which no memory holds: a small picture, then a hole in a sparse file."""
    path = make_picture(tmp_path / "a", PICTURE, kind)
    os.truncate(path, 1 << 40)
    with pytest.raises(InputError, match=f"has {1 << 40} bytes, .*--max_pixels 67108864") as caught:
        read_picture(path, 8192 * 8192)
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)


def test_a_picture_with_much_metadata_is_read(tmp_path):
    path = make_picture(tmp_path / "a.png", PICTURE, ".png")
    with path.open("ab") as file:
        file.write(bytes(20 << 20))
    assert read_picture(path, 2800).shape == (40, 70, 3)


def test_a_size_behind_large_segments_is_read_before_decoding(tmp_path):
    """Here 2 MB of comments precede the JPEG's size, and cutting off its pixels damages it."""
    path = make_picture(tmp_path / "a.jpg", PICTURE, ".jpg")
    comment = b"\xff\xfe\xff\xff" + bytes(0xFFFF - 2)
    data = path.read_bytes()
    path.write_bytes(data[:2] + comment * 32 + data[2:-200])
    assert size_from_header(path.read_bytes()) == (70, 40)
    with pytest.raises(InputError, match=r"70x40 .*--max_pixels 2799"):
        read_picture(path, 2799)


def source(path, max_pixels):
    return open_source(path, Shape(), 25, max_pixels=max_pixels)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {}),
        ("a.ts", {}),
        ("a.avi", {"codec": "png", "pix_fmt": "rgb24"}),
        ("a.mkv", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    ],
)
def test_too_large_a_video(tmp_path, name, options):
    path = make_video(tmp_path / name, frames=3, size=(64, 48), **options)
    assert source(path, 64 * 48).width == 64
    with pytest.raises(InputError, match="--max_pixels 3071"):
        source(path, 64 * 48 - 1)


@pytest.mark.parametrize("frames", [3, 40])
def test_a_video_that_grows_midway(tmp_path, frames):
    """It is refused for its size, not taken for a damaged one whose last frame is held."""
    small = make_video(tmp_path / "s.ts", frames=frames, size=(64, 48))
    large = make_video(tmp_path / "l.ts", frames=frames, size=(320, 240))
    mixed = tmp_path / "m.ts"
    mixed.write_bytes(small.read_bytes() + large.read_bytes())
    assert len(list(source(mixed, 320 * 240).frames())) > frames
    with pytest.raises(InputError, match=r"320x240 .*--max_pixels 10000"):
        list(source(mixed, 10_000).frames())
