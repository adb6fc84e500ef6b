"""What a client may set, and what it may not: every flag of the command is looked at."""

from dataclasses import field, fields, make_dataclass

import pytest

from base.errors import UsageError
from options.declaring import Role
from options.options import Options
from service.errors import BadRequest
from service.options import (
    FILES,
    OPEN,
    _is_open,
    check_together,
    checked_options,
    option_schema,
    options_of,
)
from tests.cases import each

INPUTS = {"face": "face.png", "audio": "sound.wav", "outfile": "result.mp4"}
ALL = {option.name: option for option in fields(Options)}


def test_no_open_option_names_a_file_or_concerns_the_server():
    closed = ALL.keys() - OPEN.keys()
    assert {"outfile", "report", "quality", "cache_dir", "no_cache"} <= closed
    assert {"progress", "check", "debug", "demo"} <= closed and set(FILES) <= closed
    named = [n for n, o in ALL.items() if o.metadata["role"] in (Role.READ, Role.WRITTEN)]
    assert not OPEN.keys() & set(named)
    assert {"crf", "box", "engine", "blend_method", "rotate", "fps"} <= OPEN.keys()


def test_a_new_option_that_is_a_path_is_closed_whatever_its_role():
    metadata = {"role": Role.RESULT, "single": False, "parser": {"help": "x"}}
    kinds = [("tune", "int", field(default=1, metadata=metadata))]
    kinds += [("net", "Path | None", field(default=None, metadata=metadata))]
    later = {option.name: _is_open(option) for option in fields(make_dataclass("Later", kinds))}
    assert later == {"tune": True, "net": False}


@each(
    ("name", "value"),
    [
        *(("outfile", "x.mp4"), ("report", "r.json"), ("cache_dir", "/tmp"), ("debug", True)),
        *(("crf", "high"), ("crf", [1, 2]), ("crf", {}), ("box", [1, 2]), ("box", "1 2 3 x")),
        *(("blend_method", "none"), ("static", "perhaps"), ("face_select", "../../etc")),
        *(("face_select", "a\0b"), ("face_select", "x" * 200_000), ("no_such", 1)),
        *(("crf", float("inf")), ("crf", 10**400), ("device", "\x1b[2J"), ("", 1)),
    ],
)
def test_what_no_flag_would_take_is_refused(name, value):
    with pytest.raises(BadRequest) as caught:
        checked_options({name: value})
    assert str(caught.value).isprintable()


@each("name", OPEN)
def test_every_open_option_takes_its_default_and_has_a_schema(name):
    value = getattr(Options, name)
    if value is None:
        return
    given = list(value) if isinstance(value, tuple) else value
    given = str(given) if name == "fps" else given
    assert checked_options({name: given}) == {name: given}
    assert getattr(options_of((), {name: given}, INPUTS), name) == value
    assert option_schema()[name]["description"]


def test_values_reach_the_run_as_the_command_reads_them():
    given = {"box": [1, 20, 3, 40], "static": True, "rotate": "true", "fps": "29.97", "crf": "20"}
    options = options_of(("--crf", "30", "--sharpen_amount=1"), checked_options(given), INPUTS)
    assert (options.box, options.static, options.rotate) == ((1, 20, 3, 40), True, True)
    assert (str(options.fps), options.crf, options.sharpen_amount) == ("30000/1001", 20, 1)
    assert not options_of((), {"rotate": False, "static": "false"}, INPUTS).rotate


def test_limits_can_only_be_lowered():
    words = ("--max_seconds", "60", "--max_pixels", "1000")
    assert options_of(words, {"max_seconds": 100}, INPUTS).max_seconds == 60
    assert options_of(words, {"max_seconds": 10}, INPUTS).max_seconds == 10
    assert options_of(words, {"max_seconds": 0, "max_pixels": 0}, INPUTS).max_pixels == 1000
    assert options_of(("--max_seconds=0",), {}, INPUTS).max_seconds == 0


def test_what_contradicts_itself_is_refused_before_it_waits():
    with pytest.raises(BadRequest, match="--crf must be"):
        check_together((), {"crf": 99}, INPUTS)
    with pytest.raises(BadRequest, match="--audio missing"):
        check_together((), {}, {"face": "face.png"})
    with pytest.raises(UsageError):
        options_of((), {"box": [5, 1, 1, 1]}, INPUTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("voice", "command:reboot"),
        ("voice", "command"),
        ("voice", "secret.onnx"),
        ("voice", "piper:secret.onnx"),
        ("animate", "folder"),
        ("plugin_stages", "stage=anything"),
    ],
)
def test_no_word_of_a_client_becomes_a_program_or_a_file(name, value):
    with pytest.raises(BadRequest):
        checked_options({name: value})


def test_voices_and_animations_are_had_by_name():
    given = {"voice": "piper", "animate": "idle", "text": "Hello"}
    assert checked_options(given) == given
    schema = option_schema()
    assert schema["voice"]["enum"] == ["pico", "piper", "espeak"]
    assert schema["animate"]["enum"] == ["idle", "fomm", "sadtalker", "none"]


def test_a_new_option_of_free_words_is_closed():
    metadata = {"role": Role.RESULT, "single": False, "parser": {"help": "x"}}
    kinds = [("words", "str", field(default="", metadata=metadata))]
    (later,) = fields(make_dataclass("Later", kinds))
    assert not _is_open(later)
