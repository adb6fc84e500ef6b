"""The documents' promises: short, every command line parses, every link leads somewhere."""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from audio.load import load_sound
from batch.flags import parser as batch_parser
from command.flags import option_parser
from demo.animate import HEAD, curve, drawing, encoded, loudness
from tests.cases import each
from tests.test_floors import FLOORS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[bcd]*/README.md")]
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
COMMAND = re.compile(r"^ +\.venv/bin/python (inference_\w+)\.py (.+)$", re.MULTILINE)
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]+")
ROOM = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
FOREIGN_FLAGS = {"--index-url", "--install", "--only"}  # of pip, wsl and the benchmarks
PICTURE = ROOT / "docs" / "demo.webp"
PARSERS = {
    "inference_fast": option_parser(),
    "inference_hd_fast": option_parser(),
    "inference_batch": batch_parser(),
}


def test_the_readme_is_short():
    assert len(README.split()) < 1000


@each("page", PAGES)
def test_links_lead_somewhere(page):
    links = LINK.findall((ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_recipes_are_command_lines():
    recipes = COMMAND.findall(README)
    assert {program for program, _ in recipes} >= {"inference_fast", "inference_batch"}
    for program, words in recipes:
        PARSERS[program].parse_args(shlex.split(words))


def test_flags_of_the_readme_are_flags():
    known = {word for program in PARSERS.values() for word in program._option_string_actions}
    assert set(FLAG.findall(README)) - known <= FOREIGN_FLAGS


def test_the_table_of_rooms_has_every_room_on_its_floor_and_no_file_that_is_not_there():
    floors = [set() for _ in FLOORS]
    for floor, rooms, words in ROOM.findall((ROOT / "CONTRIBUTING.md").read_text()):
        names = re.findall(r"`(\w+)(?:/|\.py)`", rooms)
        floors[int(floor)] |= set(names)
        files = re.findall(r"`(\w+/?)`", words)
        paths = [ROOT / names[0] / (f if f.endswith("/") else f"{f}.py") for f in files]
        assert [path for path in paths if not path.exists()] == []
    assert floors == list(FLOORS)


def test_the_picture_is_small_and_lasts_as_long_as_the_sound():
    moving, animation = cv2.imreadanimation(str(PICTURE))
    assert moving and len(animation.frames) > 100
    assert PICTURE.stat().st_size < 2_000_000
    seconds = load_sound(ROOT / "demo" / "speech.m4a").duration
    assert sum(animation.durations) / 1000 == pytest.approx(float(seconds), abs=0.1)


def test_a_drawing_has_both_faces_above_the_sound():
    width, height = HEAD.size
    photo = np.full((HEAD.bottom, HEAD.right, 3), 10, np.uint8)
    levels = np.ones(2 * width)
    picture = drawing(photo, photo + 90, curve(levels, 0.5))
    assert picture[height // 2, width // 2].tolist() == [10, 10, 10]
    assert picture[height // 2, width * 3 // 2].tolist() == [100, 100, 100]
    sound = picture[height:].mean(axis=(0, 2))
    assert sound.shape == (2 * width,) and sound[:width].max() < sound[width:].min()


def test_the_curve_is_the_loudness_of_the_sound():
    levels = loudness(ROOT / "demo" / "speech.m4a", 64)
    assert levels.shape == (64,) and levels.max() == 1 and levels.min() < 0.1
    whole = curve(np.array([1.0, 0.0]), 0)
    assert whole[32, 0].max() < 255 and whole[:, 1].min() == 255


def test_an_animation_has_each_frame_for_its_time(tmp_path):
    shades = [np.full((16, 16, 3), shade, np.uint8) for shade in (0, 120, 240)]
    (tmp_path / "three.webp").write_bytes(encoded(shades, 40))
    _, animation = cv2.imreadanimation(str(tmp_path / "three.webp"))
    assert list(animation.durations) == [40] * 3
    assert [round(frame[..., :3].mean(), -1) for frame in animation.frames] == [0, 120, 240]
