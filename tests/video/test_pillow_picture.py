"""Pictures as people have them: HEIC, AVIF, and those that move, are whole, upright and on time."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from base.errors import InputError
from tests.heif import make_grid
from tests.media import corners_of, make_cut_off, make_picture, number_of, numbered
from tests.slow import rest_slow
from video.loops import LOOPS
from video.picture_size import METADATA_BYTES
from video.pillow_picture import (
    AVIF_BRANDS,
    GENERAL_BRANDS,
    HEIF_BRANDS,
    ORIENTATION_TAG,
    pillow_kind,
)
from video.shape import Shape
from video.source import open_source

MOVING = ["GIF", "WEBP", "PNG", "AVIF"]
STILLS = ["HEIC", "grid", "AVIF", "GIF"]
LOSSLESS = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}


def image_of(picture):
    """Pillow's image of a BGR or BGRA picture."""
    order = [2, 1, 0, 3][: picture.shape[2]]
    return Image.fromarray(np.ascontiguousarray(picture[..., order]))


def make_moving(path, kind, pictures, durations, **options):
    """A file of pictures, each shown for so many milliseconds."""
    first, *others = map(image_of, pictures)
    first.save(
        path,
        kind,
        save_all=True,
        append_images=others,
        duration=list(durations),
        **LOSSLESS.get(kind, {}),
        **options,
    )
    return path


def make_still(path, kind, picture, exif=b""):
    if kind == "grid":
        return make_grid(path, picture)
    if kind != "HEIC":
        image_of(picture).save(path, kind, exif=exif, **LOSSLESS.get(kind, {}))
        return path
    register_heif_opener()
    options = {"exif": exif} if exif else {}
    image_of(picture).save(path, "HEIF", quality=-1, **options)
    return path


def exif_of(orientation):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return exif.tobytes()


def open_(path, shape=None, **options):
    return open_source(path, shape or Shape(), Fraction(25), **options)


def numbers(frames):
    return [number_of(frame.picture()) for frame in frames]


@pytest.mark.parametrize("name", rest_slow(["a.heic", "b.jpg", "c.v2.MP4", "none"], 2))
@pytest.mark.parametrize("kind", STILLS)
def test_a_still_is_whole_and_known_by_its_content(tmp_path, kind, name):
    source = open_(make_still(tmp_path / name, kind, numbered(77, 180, 120)))
    assert (source.still, source.fps, source.estimated_frames) == (True, 25, 1)
    (frame,) = source.frames()
    assert (frame.width, frame.height) == (180, 120)
    assert corners_of(frame.picture()) == "rgby"
    assert numbers([frame]) == [77]
    assert np.abs(frame.picture()[0, 0].astype(int) - (0, 0, 255)).max() <= 8


@pytest.mark.parametrize("size", [(61, 47), (64, 47)])
@pytest.mark.parametrize("kind", ["HEIC", "AVIF", "GIF"])
def test_an_odd_size_is_kept(tmp_path, kind, size):
    source = open_(make_still(tmp_path / "a", kind, numbered(3, *size)))
    assert (source.width, source.height) == size


@pytest.mark.parametrize("kind", MOVING)
def test_pictures_that_move_are_shown_as_long_as_they_state(tmp_path, kind):
    path = make_moving(tmp_path / "a", kind, map(numbered, (5, 6, 7)), (100, 200, 300))
    source = open_(path)
    assert (source.still, source.fps, source.estimated_frames) == (False, 20, 12)
    frames = list(source.frames())
    assert numbers(frames) == [5] * 2 + [6] * 4 + [7] * 6
    assert {corners_of(frame.picture()) for frame in frames} == {"rgby"}
    assert not source.has_sound


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", MOVING)
def test_they_are_looped_like_videos(tmp_path, kind, loop):
    source = open_(make_moving(tmp_path / "a", kind, map(numbered, range(4)), [40] * 4))
    shown = {
        "repeat": [0, 1, 2, 3, 0, 1, 2, 3, 0],
        "pingpong": [0, 1, 2, 3, 2, 1, 0, 1, 2],
        "freeze": [0, 1, 2, 3, 3, 3, 3, 3, 3],
    }
    steps = list(source.looped(9, loop))
    assert [index for index, _ in steps] == shown[loop]
    assert numbers(frame for _, frame in steps) == shown[loop]


@pytest.mark.parametrize("kind", MOVING)
def test_static_takes_the_first_of_them(tmp_path, kind):
    path = make_moving(tmp_path / "a", kind, map(numbered, (8, 9)), (50, 50))
    source = open_(path, static=True)
    assert (source.still, source.fps) == (True, 20)
    assert numbers(source.frames()) == [8]


def test_they_are_shaped_like_videos(tmp_path):
    path = make_moving(tmp_path / "a", "PNG", [numbered(n, 128, 96) for n in range(3)], [40] * 3)
    source = open_(path, Shape(2, True, (4, 60, 10, 40)))
    assert {(frame.width, frame.height) for frame in source.frames()} == {(30, 56)}
    assert corners_of(open_(path, Shape(rotate=True)).first.picture()) == "yrgb"


def test_the_picture_for_those_who_know_no_apng_is_not_shown(tmp_path):
    path = make_moving(
        tmp_path / "a", "PNG", map(numbered, (9, 1, 2)), (40, 40), default_image=True
    )
    assert numbers(open_(path).frames()) == [1, 2]


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_pictures_that_state_no_time_are_shown_as_in_browsers(tmp_path, kind):
    path = make_moving(tmp_path / "a", kind, map(numbered, (5, 6)), (0, 10))
    assert numbers(open_(path).frames()) == [5, 5, 6, 6]


def with_alpha():
    bgra = np.zeros((48, 64, 4), np.uint8)
    bgra[:, 32:] = (10, 200, 30, 255)
    return bgra


@pytest.mark.parametrize("kind", ["HEIC", *MOVING])
def test_transparency_is_flattened_on_white(tmp_path, kind):
    if kind == "HEIC":
        path = make_still(tmp_path / "a", kind, with_alpha())
    else:
        turned = np.ascontiguousarray(with_alpha()[:, ::-1])
        path = make_moving(tmp_path / "a", kind, (with_alpha(), turned), (40, 40), disposal=2)
    first, *others = (frame.picture().astype(int) for frame in open_(path).frames())
    for picture in (first, *(other[:, ::-1] for other in others)):
        assert np.abs(picture[:, :24] - 255).max() <= 3
        assert np.abs(picture[:, 40:] - (10, 200, 30)).max() <= 6


@pytest.mark.parametrize(("orientation", "corners"), [(1, "rgby"), (3, "byrg"), (6, "yrgb")])
@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_still_is_turned_once(tmp_path, kind, orientation, corners):
    path = make_still(tmp_path / "a", kind, numbered(1, 96, 64), exif_of(orientation))
    picture = open_(path).first.picture()
    assert picture.shape[:2] == ((96, 64) if orientation == 6 else (64, 96))
    assert corners_of(picture) == corners


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])  # Pillow crashes when it writes AVIF so
def test_moving_pictures_are_turned_once(tmp_path, kind):
    pictures = [numbered(n, 96, 64) for n in range(2)]
    path = make_moving(tmp_path / "a", kind, pictures, (40, 40), exif=exif_of(6))
    frames = list(open_(path).frames())
    assert [(frame.width, frame.height) for frame in frames] == [(64, 96)] * 2
    assert {corners_of(frame.picture()) for frame in frames} == {"yrgb"}


def make_any(path, kind):
    """A still for a kind of STILLS, else pictures that move."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (60, 90, 3), np.uint8) for _ in range(3)]
    if kind in ("HEIC", "grid"):
        return make_still(path, kind, pictures[0])
    return make_moving(path, kind, pictures, [40] * 3)


def all_frames(path):
    return list(open_(path).frames())


@pytest.mark.parametrize("share", rest_slow([0.02, 0.2, 0.5, 0.9, 0.99], 3))
@pytest.mark.parametrize("kind", ["HEIC", "grid", *MOVING])
def test_a_cut_off_file_is_one_line(tmp_path, capfd, kind, share):
    whole = make_any(tmp_path / "whole", kind)
    with pytest.raises(InputError, match=r"cut.off.*; (give|copy)") as caught:
        all_frames(make_cut_off(tmp_path / "cut", whole, share))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["HEIC", "grid", *MOVING])
def test_too_many_pixels_are_refused_before_any_is_decoded(tmp_path, monkeypatch, kind):
    path = make_any(tmp_path / "a", kind)
    assert (open_(path, max_pixels=5400).width, 5400) == (90, 90 * 60)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    with pytest.raises(InputError, match="90x60 pixels, more than --max_pixels 5399"):
        open_(path, max_pixels=5399)


@pytest.mark.slow
def test_a_picture_beyond_pillows_own_limit_is_ours_to_allow(tmp_path):
    Image.new("L", (16384, 12000)).save(tmp_path / "a", "GIF")
    with pytest.raises(InputError, match="16384x12000 pixels"):
        open_(tmp_path / "a", max_pixels=1 << 26)
    assert open_(tmp_path / "a", Shape(resize_factor=64)).width == 256


def with_second_moved(path):
    """A GIF whose second picture lies one pixel to the right of the first."""
    pictures = [np.full((48, 64, 3), level, np.uint8) for level in (80, 160)]
    content = bytearray(make_moving(path, "GIF", pictures, (40, 40)).read_bytes())
    place = content.rindex(b"\x2c\0\0\0\0\x40\0\x30\0")
    content[place + 1] = 1
    path.write_bytes(content)
    return path


def test_a_picture_that_is_larger_than_the_first_is_cut_or_refused(tmp_path):
    path = with_second_moved(tmp_path / "a")
    assert [frame.width for frame in open_(path).frames()] == [64, 64]
    with pytest.raises(InputError, match="65x48 pixels, more than --max_pixels 3072"):
        open_(path, max_pixels=64 * 48)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_file_larger_than_any_picture_is_refused_unread(tmp_path, kind):
    path = make_still(tmp_path / "a", kind, numbered(1))
    with path.open("ab") as file:
        file.truncate(METADATA_BYTES + 8 * 5000 + 1)
    with pytest.raises(InputError, match="bytes, more than a picture of --max_pixels 5000 needs"):
        open_(path, max_pixels=5000)


@pytest.mark.parametrize("brand", sorted(HEIF_BRANDS | AVIF_BRANDS | GENERAL_BRANDS))
def test_a_file_with_a_pictures_brand_is_never_a_video(tmp_path, brand):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1miaf" + b"\0\0\0\x08meta")
    with pytest.raises(InputError, match=r"cut-off (HEIC|AVIF) picture"):
        open_(path)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "HEIC"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", "HEIC"),  # the box ends before that name
        (b"\0\0\0\x1cftypisom\0\0\0\0mp41heicmif1", None),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", None),
        (b"RIFF\0\0\0\0WEBPVP8 ", None),
        (b"RIFF\0\0\0\0WEBPVP8X", None),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02", "WebP"),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10", None),
        (b"ftyp", None),
        (b"", None),
    ],
)
def test_kinds(start, kind):
    assert pillow_kind(start) == kind


def test_of_a_sequence_of_heic_the_first_is_used_and_said(tmp_path):
    path = make_still(tmp_path / "a", "HEIC", numbered(3))
    assert open_(path).notices == ()
    path.write_bytes(path.read_bytes().replace(b"ftypheic", b"ftyphevc"))
    source = open_(path)
    assert numbers(source.frames()) == [3]
    assert source.notices == (f"{path}: of its pictures the first is used",)


def test_a_sequence_of_avif_is_played_whatever_its_first_brand(tmp_path):
    path = make_moving(tmp_path / "a", "AVIF", map(numbered, (5, 6)), (50, 50))
    path.write_bytes(path.read_bytes().replace(b"ftypavis", b"ftypmsf1"))
    source = open_(path)
    assert (numbers(source.frames()), source.notices) == ([5, 6], ())


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    path = make_still(tmp_path / "a", "HEIC", numbered(3))
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    with pytest.raises(InputError, match="pip install pillow-heif"):
        open_(path)
    assert numbers(open_(make_still(tmp_path / "b", "AVIF", numbered(4))).frames()) == [4]


OPENING = """
import sys
from fractions import Fraction
from pathlib import Path

from video.shape import Shape
from video.source import open_source

for name in sys.argv[1:]:
    open_source(Path(name), Shape(), Fraction(25))
    print("PIL" in sys.modules, "pillow_heif" in sys.modules)
"""


def test_pillow_is_imported_for_those_alone_who_need_it(tmp_path):
    paths = [
        *(make_picture(tmp_path / kind, numbered(1), kind) for kind in (".png", ".jpg", ".webp")),
        make_moving(tmp_path / "a.gif", "GIF", map(numbered, (1, 2)), (40, 40)),
        make_still(tmp_path / "a.heic", "HEIC", numbered(1)),
    ]
    ran = subprocess.run(
        [sys.executable, "-c", OPENING, *map(str, paths)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    expected = ["False False"] * 3 + ["True False", "True True"]
    assert ran.stdout.splitlines() == expected
    assert ran.stderr == ""
