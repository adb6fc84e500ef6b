"""Tables of jobs: every flag in a column, and every mistake named by its line."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from base.errors import InputError, UsageError
from batch.rows import ROW_OPTIONS, read_rows
from command.flags import parse_options
from options.options import NO_PAGE, Options

OUT = Path("somewhere/out")
# a value of every kind of flag: as a cell, as JSON, and as words of the command line
KINDS = {
    "switch": ("fp16", "yes", True, ["--fp16"]),
    "switch off": ("fp16", "false", False, []),
    "switch that may have a word": ("static", "True", True, ["--static"]),
    "whole number": ("crf", "23", 23, ["--crf", "23"]),
    "number": ("mouth_region_size", "0.4", 0.4, ["--mouth_region_size", "0.4"]),
    "rate": ("fps", "29.97", 29.97, ["--fps", "29.97"]),
    "choice": ("blend_method", "hd", "hd", ["--blend_method", "hd"]),
    "four": ("pads", "0 20 0 0", [0, 20, 0, 0], ["--pads", "0", "20", "0", "0"]),
    "four with commas": ("box", '"1,9,2,8"', [1, 9, 2, 8], ["--box", "1", "9", "2", "8"]),
    "word or number": ("face_select", "1", 1, ["--face_select", "1"]),
}


def table(folder, text, name="jobs.csv"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("json_lines", [False, True])
def test_a_column_is_read_as_its_flag_is(tmp_path, kind, json_lines):
    name, cell, value, words = KINDS[kind]
    text = json.dumps({name: value}) if json_lines else f"{name}\n{cell}\n"
    (row,) = read_rows(table(tmp_path, text), OUT)
    expected = parse_options(["--face", "f", "--audio", "a", *words])[0]
    assert row.values == {name: getattr(expected, name)}


def test_every_flag_of_a_job_may_be_a_column():
    whole_batch = {"progress", "debug", "demo", "check", "models", "stream"}
    assert set(ROW_OPTIONS) == set(Options.__dataclass_fields__) - whole_batch


def test_rates_stay_exact(tmp_path):
    (row,) = read_rows(table(tmp_path, '{"fps": "30000/1001"}'), OUT)
    assert row.values["fps"] == Fraction(30000, 1001)


def test_names_are_relative_to_the_table_and_outputs_to_the_out_dir(tmp_path):
    text = "face,audio,outfile,report\nx/f.png,/s/a.wav,o.mp4,r.json\n"
    (row,) = read_rows(table(tmp_path, text), OUT)
    assert row.values["face"] == tmp_path / "x" / "f.png"
    assert row.values["audio"] == Path("/s/a.wav")
    assert row.values["outfile"] == OUT / "o.mp4" and row.values["report"] == OUT / "r.json"


def test_networks_are_relative_to_the_table(tmp_path):
    text = "animate,driving_video,interpolator,out_fps\nnets,nod.mp4,rife.onnx,59.94\nidle,,,\n"
    moved, idle = read_rows(table(tmp_path, text), OUT)
    assert moved.values == {
        "animate": str(tmp_path / "nets"),
        "driving_video": tmp_path / "nod.mp4",
        "interpolator": tmp_path / "rife.onnx",
        "out_fps": Fraction(60000, 1001),
    }
    assert idle.values == {"animate": "idle"}


def test_semicolons_stand_between_cells_where_no_comma_does(tmp_path):
    (row,) = read_rows(table(tmp_path, "face;pads\nf.png;0,20,0,0\n"), OUT)
    assert row.values == {"face": tmp_path / "f.png", "pads": (0, 20, 0, 0)}


def test_pages_go_to_the_out_dir_and_the_driving_sound_is_the_table_s(tmp_path):
    text = "quality,drive_audio\nq.html,voice.wav\n-,voice.wav\n"
    paged, alone = read_rows(table(tmp_path, text), OUT)
    assert paged.values == {"quality": OUT / "q.html", "drive_audio": tmp_path / "voice.wav"}
    assert alone.values["quality"] == NO_PAGE


def test_an_empty_cell_and_null_leave_the_default(tmp_path):
    (row,) = read_rows(table(tmp_path, "face,crf\nf.png,\n"), OUT)
    assert set(row.values) == {"face"}
    (row,) = read_rows(table(tmp_path, '{"face": "f.png", "crf": null}'), OUT)
    assert set(row.values) == {"face"}


def test_lines_are_those_of_the_file(tmp_path):
    """Also behind empty ones and cells of several lines, with a byte order mark in front."""
    text = '\ufeffface,audio\nf,"a\nb"\n\ng,c\n'
    rows = read_rows(table(tmp_path, text), OUT)
    assert [row.origin for row in rows] == ["jobs.csv line 3", "jobs.csv line 5"]


BAD = {
    "unknown column": ("face,audoi\nf,a\n", "line 1", "audoi"),
    "column twice": ("face,face\nf,g\n", "line 1", "twice"),
    "flag of the whole batch": ("face,progress\nf,json\n", "line 1", "progress"),
    "too many cells": ("face,audio\nf,a\nf,a,b\n", "line 3", "3 cells"),
    "too few cells": ("face,audio\nf\n", "line 2", "1 cells"),
    "open quote": ('face,audio\nf,"a\n', "line 2", "CSV"),
    "no number": ("face,crf\nf,a lot\n", "line 2", "crf"),
    "no choice": ("face,blend_method\nf,magic\n", "line 2", "ellipse"),
    "no truth": ("face,fp16\nf,perhaps\n", "line 2", "true or false"),
    "three of four": ("face,pads\nf,1 2 3\n", "line 2", "4 values"),
    "no rate": ("face,fps\nf,fast\n", "line 2", "rate"),
    "no JSON": ('{"face": "f"}\n{"face": }\n', "line 2", "JSON"),
    "no object": ('{"face": "f"}\n[1]\n', "line 2", "object"),
    "object in a cell": ('{"face": {"a": 1}}', "line 1", "face"),
    "list in a cell": ('{"crf": [1]}', "line 1", "crf"),
    "truth for a number": ('{"crf": true}', "line 1", "crf"),
    "nothing": ("face,audio\n", "", "no row"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_named(tmp_path, name):
    text, line, word = BAD[name]
    with pytest.raises(UsageError) as caught:
        read_rows(table(tmp_path, text), OUT)
    message = str(caught.value)
    assert line in message and word in message and "\n" not in message


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_table_that_cannot_be_read(tmp_path, content):
    if content:
        (tmp_path / "jobs.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"jobs\.csv: cannot be read"):
        read_rows(tmp_path / "jobs.csv", OUT)
