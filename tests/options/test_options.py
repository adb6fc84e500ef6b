import re
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest

from base.errors import UsageError
from blending.methods import BLENDERS
from command.flags import parse_options
from options.flag_values import parse_rate
from options.options import Options
from tests.cases import each

NEEDED = ["--face", "a.mp4", "--audio", "b.wav"]

FORK = {  # the flags of the program that this one replaces, with their documented defaults
    "checkpoint_path": None,
    "face": Path("a.mp4"),
    "audio": Path("b.wav"),
    "outfile": Path("results/result_voice.mp4"),
    "static": False,
    "fps": 25,
    "pads": (0, 10, 0, 0),
    "face_det_batch_size": 16,
    "wav2lip_batch_size": 128,
    "resize_factor": 1,
    "crop": (0, -1, 0, -1),
    "box": (-1, -1, -1, -1),
    "rotate": False,
    "nosmooth": False,
    "blend_method": "ellipse",
    "mouth_region_size": 0.6,
    "blur_intensity": 51,
    "sharpen_mouth": False,
    "sharpen_amount": 0.5,
    "temporal_smooth": False,
    "smooth_window": 3,
    "smooth_mode": "light",
    "fp16": False,
    "silence_gating": False,
    "silence_threshold": 0.01,
    "face_det_stride": 5,
}


def options(*words):
    return parse_options([*NEEDED, *words])[0]


@each("flag", FORK)
def test_the_flags_of_the_fork_keep_their_defaults(flag):
    assert getattr(options(), flag) == FORK[flag]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], False),
        (["--static"], True),
        (["--static", "True"], True),
        (["--static", "true"], True),
        (["--static", "False"], False),
        (["--static", "false", "--fps", "30"], False),
        (["--static", "--fps", "30"], True),
    ],
)
def test_static_is_a_switch_and_a_word(words, expected):
    """`--static False` used to mean true."""
    assert options(*words).static is expected


def test_box_is_top_bottom_left_right():
    """As it was documented, not as it worked."""
    found, notices = parse_options([*NEEDED, "--box", "10", "110", "20", "100"])
    assert found.face_box == (10, 110, 20, 100)
    assert notices == []


def test_a_box_in_the_order_that_used_to_work_is_read_so():
    """Right, left, bottom, top: such numbers can mean nothing else."""
    found, notices = parse_options([*NEEDED, "--box", "100", "20", "110", "10"])
    assert found.face_box == (10, 110, 20, 100)
    assert len(notices) == 1 and "right left bottom top" in notices[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25", Fraction(25)),
        ("29.97", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("29.97002997002997", Fraction(30000, 1001)),
        ("30.03003003", Fraction(10000, 333)),
    ],
)
def test_rates_are_exact(text, value):
    assert parse_rate(text) == value


@each(
    "words",
    [
        ["--mouth_region_size", "0.1"],
        ["--mouth_region_size", "nan"],
        ["--blur_intensity", "-1"],
        ["--sharpen_amount", "3"],
        ["--crf", "52"],
        ["--fps", "0"],
        ["--fps", "fast"],
        ["--fps", "1/0"],
        ["--resize_factor", "0"],
        ["--wav2lip_batch_size", "0"],
        ["--face_det_stride", "0"],
        ["--face_select", "tallest"],
        ["--box", "10", "10", "20", "30"],
        ["--box", "-5", "10", "20", "30"],
        ["--static", "maybe"],
        ["--blend_method", "magic"],
        ["--engine", "puppet", "--checkpoint_path", "x.pth"],
        ["--outfile", "a.mp4"],
        ["--cache_dir", ""],
        ["--report", "results/result_voice.mp4"],
        ["--audio_offset", "nan"],
        ["--lip_strength", "2.1"],
        ["--lip_strength", "-0.1"],
        ["--lip_strength", "nan"],
        ["--vad", "ear"],
        ["--drive_audio", ""],
        ["--drive_audio", "results/result_voice.mp4"],
        ["--drive_audio", "r.json", "--report", "r.json"],
        ["--unknown"],
        ["--fac", "x.mp4"],
        ["--pads", "0", "2000000", "0", "0"],
        ["--crop", "0", "-1", "0", "-2000000"],
        ["--face_select", "1000"],
        ["--report", "results/deep/../result_voice.mp4"],
        ["--demo", "--outfile", "a.mkv", "--report", "a.sheet.png"],
        ["--outfile", "a.mkv", "--cache_dir", "x/../a.mkv"],
        ["--outfile", "a.mkv", "--cache_dir", "a.mkv/cache"],
        ["--report", "r", "--cache_dir", "r"],
        ["--outfile", "a.mkv", "--report", "a.mkv/r.json"],
        ["--report", "r", "--quality", "r/page.html"],
    ],
)
def test_wrong_usage_is_one_line(words):
    with pytest.raises(UsageError) as caught:
        options(*words)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("missing", [["--face", "a"], ["--audio", "a"], []])
def test_inputs_are_needed_unless_it_is_the_demo(missing):
    with pytest.raises(UsageError, match="missing"):
        parse_options(missing)
    assert parse_options([*missing, "--demo"])[0].demo


def test_another_program_may_have_other_defaults():
    assert parse_options(NEEDED, blend_method="hd")[0].blend_method == "hd"


def test_colours_are_matched_unless_told_otherwise():
    assert not options().no_color_match and options("--no_color_match").no_color_match


def test_the_guide_names_every_blend_method_and_flag():
    text = (Path(__file__).parents[2] / "FAST_BLENDING_GUIDE.md").read_text()
    flags = ("blend_method", "mouth_region_size", "blur_intensity", "sharpen_mouth")
    names = [*(f"--{flag}" for flag in (*flags, "sharpen_amount", "no_color_match")), *BLENDERS]
    assert [name for name in names if not re.search(rf"`[^`]*{name}\b", text)] == []


@pytest.mark.parametrize("document", ["docs/flags.md"])
def test_every_flag_is_in_the_document(document):
    text = (Path(__file__).parents[2] / document).read_text()
    assert [f.name for f in fields(Options) if not re.search(rf"--{f.name}\b", text)] == []


def test_the_mouth_follows_as_trained_and_all_that_is_heard():
    asked = options()
    assert (asked.vad, asked.drive_audio, asked.lip_strength) == ("energy", None, 1.0)


def test_a_negative_number_may_have_an_exponent():
    assert options("--audio_offset", "-1e-05").audio_offset == -1e-05
    assert options("--audio_offset", "-2.5E1").audio_offset == -25


@pytest.mark.parametrize(
    ("idle", "needed"),
    [
        (["--sharpen_amount", "1"], ["--sharpen_mouth"]),
        (["--smooth_window", "5"], ["--temporal_smooth"]),
        (["--smooth_mode", "strong"], ["--temporal_smooth"]),
    ],
)
def test_what_needs_another_flag_is_told(idle, needed):
    (notice,) = parse_options([*NEEDED, *idle])[1]
    assert notice == f"{idle[0]} changes nothing without {needed[0]}"
    assert parse_options([*NEEDED, *idle, *needed])[1] == []


def test_a_box_chooses_the_face_alone():
    words = [*NEEDED, "--box", "1", "9", "1", "9"]
    assert parse_options(words)[1] == []
    (notice,) = parse_options([*words, "--face_select", "left"])[1]
    assert "--face_select changes nothing" in notice


def test_what_can_have_no_effect_is_told():
    assert parse_options([*NEEDED, "--silence_gating"])[1] == []
    assert parse_options([*NEEDED, "--vad", "none"])[1] == []
    (notice,) = parse_options([*NEEDED, "--vad", "none", "--silence_gating"])[1]
    assert "--silence_gating skips nothing" in notice
