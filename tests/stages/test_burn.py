"""Subtitles are drawn at their time, can be read on everything, and never hide a mouth."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from base.errors import EngineError, InputError
from base.geometry import Box, Landmarks
from faces.face import Face
from stages.burn import BurnSettings, hides_mouth, load_burn, mouth_zone, places
from stages.stage import OutputFrame, StageScene, VideoFormat
from subtitles.cues import cues_of
from subtitles.drawing import columns_for, draw, letter_height, margins
from subtitles.lettering import SHIPPED, fonts_for, lacking
from tests.cases import each
from tests.media import noise
from tests.subtitles.spoken import CHINESE, SPEECH, spoken
from video.formats import to_pixel_format
from video.yuv import Frame

WORDS = spoken("A red line.")
PICTURES = {
    "bright": lambda width, height: np.full((height, width, 3), 250, np.uint8),
    "dark": lambda width, height: np.full((height, width, 3), 5, np.uint8),
    "busy": lambda width, height: noise(3, width, height),
}


def frame_of(picture, pixel_format=None):
    frame = Frame.of_picture(picture)
    return frame if pixel_format is None else Frame(to_pixel_format(frame, pixel_format))


def burnt(frames, words=WORDS, face=None, settings=None):
    """The frames after the stage, one every tenth of a second."""
    frames = list(frames)
    given = VideoFormat(frames[0].width, frames[0].height, Fraction(10))
    scene = StageScene(given, frames[0], still=False, words=words)
    stage = load_burn(settings or BurnSettings(), scene)
    assert stage.output(given) == given
    face = face or (lambda index: None)
    outputs = (OutputFrame(i, frame, face(i)) for i, frame in enumerate(frames))
    return list(stage(outputs))


def face_at(left, top, side):
    box = Box(top, top + side, left, left + side)
    return Face(box, Landmarks.fixed(box), 1.0)


def changed(before, after):
    """Where luma differs."""
    return before.planes()[0] != after.planes()[0]


@each("name", PICTURES)
@each("size", [(320, 180), (320, 320), (640, 360), (180, 320)])
def test_letters_stand_out_from_what_surrounds_them(name, size):
    """White on almost black, whatever is below: within a letter's outline, and around it."""
    frame = frame_of(PICTURES[name](*size))
    shown = burnt([frame] * 6)[5].frame
    cue = cues_of(WORDS, columns_for(*size))[0]
    drawing = draw(cue, fonts_for(cue.lines), *size)
    bottom, _ = places(drawing.size, VideoFormat(*size, Fraction(10)))
    luma = shown.planes()[0][bottom.slices].astype(float)
    letters, outline = drawing.white > 0.9, (drawing.alpha > 0.9) & (drawing.white < 0.1)
    assert letters.sum() > 40 and outline.sum() > 40
    assert luma[letters].mean() - luma[outline].mean() > 150
    assert luma[letters].min() > 170


@pytest.mark.parametrize("pixel_format", [None, "yuv444p", "yuv422p10le", "gray"])
def test_only_pixels_of_the_box_change(pixel_format):
    frame = frame_of(noise(1, 322, 182), pixel_format)
    shown = burnt([frame] * 6)[5].frame
    assert shown.layout == frame.layout and shown.tags == frame.tags
    rows, columns = np.nonzero(changed(frame, shown))
    across, along = margins(322, 182)
    assert columns.min() >= across and columns.max() < 322 - across
    assert rows.min() > 91 and rows.max() < 182 - along
    for before, after in zip(frame.planes(), shown.planes(), strict=True):
        half = before.shape[0] // 2
        assert np.array_equal(before[:half], after[:half])
        assert not np.array_equal(before, after)


def test_a_text_is_there_at_its_time_and_at_no_other():
    frame = frame_of(noise(1, 320, 180))
    (cue,) = cues_of(WORDS)
    shown = [output.frame is not frame for output in burnt([frame] * 30)]
    assert shown == [cue.start <= i / 10 < cue.end for i in range(30)]
    assert any(shown) and not all(shown)


def test_the_given_frames_are_left_alone():
    frame = frame_of(noise(1, 320, 180))
    before = [plane.copy() for plane in frame.planes()]
    burnt([frame] * 6)
    assert all(np.array_equal(a, b) for a, b in zip(before, frame.planes(), strict=True))


@each("top", range(0, 200, 20))
@each("side", (60, 120, 170, 300))
def test_no_mouth_is_hidden(side, top):
    face = face_at(90, top - 60, side)
    frame = frame_of(noise(1, 320, 240))
    shown = burnt([frame] * 6, face=lambda index: face)[5].frame
    zone = mouth_zone(face)
    rows = slice(max(round(zone.top), 0), max(min(round(zone.bottom), 240), 0))
    columns = slice(max(round(zone.left), 0), min(round(zone.right), 320))
    assert not changed(frame, shown)[rows, columns].any()
    assert changed(frame, shown).any()


def test_a_text_moves_away_from_a_mouth_that_comes():
    frame = frame_of(noise(1, 320, 240))
    outputs = burnt([frame] * 9, face=lambda index: face_at(90, -60 + 30 * index, 120))
    tops = [np.nonzero(changed(frame, o.frame))[0].min() for o in outputs if o.frame is not frame]
    assert min(tops) < 60 and max(tops) > 120
    assert not any(hides_mouth_in(frame, output) for output in outputs)


def hides_mouth_in(frame, output):
    zone = mouth_zone(output.face)
    rows = slice(max(round(zone.top), 0), min(round(zone.bottom), 240))
    return changed(frame, output.frame)[rows, round(zone.left) : round(zone.right)].any()


def test_beside_a_face_is_not_over_it():
    rect, _ = places((40, 20), VideoFormat(320, 240, Fraction(25)))
    assert hides_mouth(rect, face_at(130, 150, 60))
    assert not hides_mouth(rect, face_at(0, 150, 60))
    assert not hides_mouth(rect, None)


@pytest.mark.parametrize("size", [(16, 16), (64, 36), (33, 500), (500, 33)])
def test_tiny_pictures_keep_their_size(size):
    frame = frame_of(noise(1, *size))
    shown = burnt([frame] * 6, words=spoken(SPEECH))[5].frame
    assert (shown.width, shown.height) == size


@pytest.mark.parametrize("size", [(320, 180), (512, 512), (1080, 1920), (1920, 1080)])
def test_every_line_lies_inside_the_margins(size):
    cues = cues_of(spoken(SPEECH.upper()), columns_for(*size))
    fonts = fonts_for(line for cue in cues for line in cue.lines)
    for cue in cues:
        assert draw(cue, fonts, *size).size[0] <= size[0] - 2 * margins(*size)[0]


def test_letters_are_large_enough_to_read_at_320_pixels():
    assert min(letter_height(320, 180), letter_height(320, 320), letter_height(320, 568)) >= 13


@pytest.mark.parametrize(
    "text",
    [
        "Ünïcode ß ñ ç ž ő",
        "Здравствуйте, мир",
        "Γειά σου Κόσμε",
        "שלום לכם",
        "مرحبا بالعالم",
        "Nghĩa là",
    ],
)
def test_the_font_that_ships_with_us_has_these_letters(text):
    assert lacking(text, SHIPPED) == set()


def test_letters_that_no_font_has_are_named():
    with pytest.raises(EngineError, match="no font here has the letters '一"):
        fonts_for(["一你"], folders=())


def test_signs_that_no_font_has_are_left_out():
    cue = cues_of(spoken("Hello \U0001fae8 there"))[0]
    drawing = draw(cue, fonts_for(cue.lines, folders=()), 320, 180)
    plain = cues_of(spoken("Hello there"))[0]
    same = draw(plain, fonts_for(plain.lines, folders=()), 320, 180)
    assert np.array_equal(drawing.white, same.white)


def test_right_to_left_runs_from_right_to_left():
    """A word of broad letters and a narrow one: the first in the text stands at the right."""
    lines = [cues_of(spoken(text))[0] for text in ("שששששש ו", "MMMMMM i")]
    hebrew, latin = (draw(cue, fonts_for(cue.lines), 640, 360).white for cue in lines)
    for white, broad_at_the_left in ((hebrew, False), (latin, True)):
        columns = np.flatnonzero(white.max(axis=0) > 0.5)
        gap = columns[np.argmax(np.diff(columns))]
        assert (gap > white.shape[1] / 2) is np.bool_(broad_at_the_left)


def test_a_file_that_is_no_font_is_refused(tmp_path):
    (tmp_path / "no.ttf").write_text("no font")
    with pytest.raises(InputError, match="cannot be read as a font"):
        burnt([frame_of(noise(1, 320, 180))], settings=BurnSettings(tmp_path / "no.ttf"))
    with pytest.raises(InputError, match="cannot be read as a font"):
        burnt([frame_of(noise(1, 320, 180))], settings=BurnSettings(Path("missing.ttf")))


def test_hdr_letters_are_as_bright_as_paper():
    frame = frame_of(PICTURES["dark"](320, 180), "yuv420p10le")
    frame.av_frame.color_trc = 16
    shown = burnt([frame] * 6)[5].frame
    assert frame.is_hdr
    letters = shown.planes()[0][changed(frame, shown)]
    assert 64 + 876 * 0.5 < np.percentile(letters, 99) < 64 + 876 * 0.65


def test_a_chinese_text_needs_a_font_with_its_letters():
    try:
        fonts = fonts_for([CHINESE])
    except EngineError as error:
        assert "--subtitle_font" in str(error)
    else:
        assert lacking(CHINESE, fonts.path_of(CHINESE)) == set()
