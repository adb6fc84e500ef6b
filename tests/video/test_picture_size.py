"""Pictures that say how large they are, and those that are too large to be read."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from base.errors import InputError
from tests.media import make_picture, make_video, noise
from video.picture_size import stated_size
from video.shape import Shape
from video.source import open_source
from video.still import read_picture

PICTURE = noise(0, 70, 40)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height):
    """Its header is right; its pixels are missing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *((kind, []) for kind in (".png", ".jpg", ".bmp", ".tiff")),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
        (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    ],
)
@pytest.mark.parametrize("channels", [3, 4])
def test_the_header_tells_the_size(kind, how, channels):
    """A fourth channel is another header in some kinds."""
    picture = np.dstack([PICTURE, PICTURE[..., 0]])[..., :channels]
    _, data = cv2.imencode(kind, picture, how)
    assert stated_size(data.tobytes()) == (70, 40)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp", ".tiff"])
def test_a_header_that_is_cut_off_says_nothing_and_is_no_crash(kind):
    _, data = cv2.imencode(kind, PICTURE)
    assert all(stated_size(data.tobytes()[:n]) in (None, (70, 40), (0, 0)) for n in range(12, 60))


def test_a_row_above_the_others_or_below():
    """A height below zero is a way to store a bmp."""
    _, data = cv2.imencode(".bmp", PICTURE)
    turned = data.tobytes()[:22] + struct.pack("<i", -40) + data.tobytes()[26:]
    assert stated_size(turned) == (70, 40)


def test_too_large_a_picture_is_not_decoded(tmp_path):
    """Else this one would be a damaged one."""
    (tmp_path / "a.png").write_bytes(png_of(9000, 9000))
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


def source(path, most):
    return open_source(path, Shape(), 25, most_pixels=most)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.mp4", {}),
        ("a.ts", {}),
        ("a.avi", {"codec": "png", "pix_fmt": "rgb24"}),
        ("a.mkv", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    ],
)
def test_too_large_a_video(tmp_path, name, how):
    path = make_video(tmp_path / name, frames=3, size=(64, 48), **how)
    assert source(path, 64 * 48).width == 64
    with pytest.raises(InputError, match="--max_pixels 3071"):
        source(path, 64 * 48 - 1)


@pytest.mark.parametrize("frames", [3, 40])
def test_a_video_that_grows_midway(tmp_path, frames):
    """It says so, and is not taken for a damaged one that stands still."""
    small = make_video(tmp_path / "s.ts", frames=frames, size=(64, 48))
    large = make_video(tmp_path / "l.ts", frames=frames, size=(320, 240))
    mixed = tmp_path / "m.ts"
    mixed.write_bytes(small.read_bytes() + large.read_bytes())
    assert len(list(source(mixed, 320 * 240).frames())) > frames
    with pytest.raises(InputError, match=r"320x240 .*--max_pixels 10000"):
        list(source(mixed, 10_000).frames())
