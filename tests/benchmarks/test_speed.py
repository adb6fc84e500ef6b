"""The subcommand, its figures, and the two programs that the command is compared with."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.errors import EngineError, NoFaceError
from base.geometry import Rect
from benchmarks.__main__ import main
from benchmarks.material.clips import make_video
from benchmarks.material.inputs import InputClip
from benchmarks.material.sound import make_speech
from benchmarks.runs.process import ProcessRun
from benchmarks.speed import floor, plain
from benchmarks.speed.figures import Row, check_limits, has_limits, ratios
from benchmarks.speed.kinds import (
    COMMAND,
    FIRST,
    FLOOR,
    KINDS,
    PLAIN,
    PUPPET,
    TimedRun,
    first_frame,
)
from benchmarks.speed.plot import BAR, COLOURS, GAP, HEAD, LEFT, REST, RIGHT, WIDTH, draw_plot
from benchmarks.speed.table import figures, limit_table, ratio_table
from options.options import Options
from tests.checkpoints import flat_weights, save_bare
from tests.media import make_video as make_any
from tests.readback import frames_of
from video.encoders import ENCODERS
from video.writer import Target

SIZE = (192, 160)


def timed_run(seconds, stages=None, first=0.5, peak=300.0):
    return TimedRun(seconds, 2 * seconds, peak, first, stages or {"faces": 0.04 * seconds})


def row(kind, *seconds, clip="720p", **facts):
    return Row(clip, kind, tuple(timed_run(s, **facts) for s in seconds))


GOOD = [
    row(FLOOR, 3.0, 2.0, 9.0),
    row(COMMAND, 4.5, 4.0, 4.6),
    row(FIRST, 8.0),
    row(PUPPET, 3.5),
    row(PLAIN, 31.0),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("speed")
    make_video(path / "face.mp4", SIZE, 0.24)
    make_speech(path / "speech.wav", 0.4)
    save_bare(flat_weights(), path / "flat.pth")
    return path


def files(folder, outfile, **other):
    flags = {"face": folder / "face.mp4", "audio": folder / "speech.wav", "outfile": outfile}
    flags |= {"report": outfile.with_suffix(".json"), **other}
    return [word for name, value in flags.items() for word in (f"--{name}", str(value))]


def test_medians_of_the_runs():
    floor_row, command = GOOD[:2]
    assert (floor_row.seconds, floor_row.cpu_seconds) == (3.0, 6.0)
    assert command.stages["faces"] == pytest.approx(0.18)
    assert command.faces_share == pytest.approx(0.04)
    assert row(FLOOR, 1.0, first=None).first_frame is None


def test_ratios_are_those_of_the_medians():
    times = {(r.kind, r.base): r.times for r in ratios(GOOD)}
    assert times[COMMAND, FLOOR] == pytest.approx(1.5)
    assert times[PLAIN, COMMAND] == pytest.approx(31 / 4.5)
    assert len(times) == 4


def test_clips_are_not_mixed():
    other = [row(FLOOR, 1.0, clip="still"), row(COMMAND, 4.0, clip="still")]
    assert [(r.clip, r.times) for r in ratios([*GOOD, *other]) if r.clip == "still"] == [
        ("still", 4.0)
    ]


def test_nothing_is_compared_with_what_was_not_run():
    assert ratios([row(COMMAND, 1.0)]) == []
    with pytest.raises(ValueError, match="never run"):
        Row("720p", FLOOR, ())


def test_good_figures_keep_every_limit():
    lines = check_limits(GOOD, 0.1)
    assert len(lines) == 9 and all(line.passed for line in lines)


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({COMMAND: row(COMMAND, 5.5, stages={"faces": 0.1})}, ["command / floor", "plain / comm"]),
        ({COMMAND: row(COMMAND, 4.5, first=0.9)}, ["first frame"]),
        ({COMMAND: row(COMMAND, 4.5, peak=700.0)}, ["peak memory"]),
        ({COMMAND: row(COMMAND, 4.5, stages={"faces": 0.5})}, ["faces, share of the command"]),
        ({FIRST: row(FIRST, 9.3)}, ["first / floor"]),
        ({FIRST: row(FIRST, 8.0, stages={"faces": 2.0})}, ["faces, share of the first run"]),
        ({PUPPET: row(PUPPET, 4.0)}, ["puppet / floor"]),
        ({PLAIN: row(PLAIN, 20.0)}, ["plain / command"]),
    ],
)
def test_each_limit_can_be_missed(changed, missed):
    lines = check_limits([changed.get(r.kind, r) for r in GOOD], 0.1)
    names = [line.what for line in lines if not line.passed]
    assert len(names) == len(missed)
    assert all(what.startswith(start) for what, start in zip(names, missed, strict=True))


def test_a_slow_help_is_missed():
    assert [line.what for line in check_limits(GOOD, 0.3) if not line.passed] == ["--help, seconds"]


def test_only_ten_seconds_of_720p_on_a_cpu_have_limits():
    clip = InputClip("720p", Path("f"), Path("a"), (1280, 720), Fraction(25), 250, synthetic=True)
    assert has_limits(clip, "auto") and not has_limits(clip, "cuda")
    others = [{"name": "1080p"}, {"frames": 50}, {"synthetic": False}]
    assert not any(has_limits(replace(clip, **other), "auto") for other in others)


def test_the_tables_have_every_row():
    text = figures(GOOD)
    assert len(text.splitlines()) == 2 + len(GOOD)
    assert "| 720p | command | 4.50  | 1.50 " in text
    assert "| 720p | 1.50 " in ratio_table(ratios(GOOD))
    assert "| kept " in limit_table(check_limits(GOOD, 0.1)) and "| missed " in limit_table(
        check_limits(GOOD, 1.0)
    )
    assert ratio_table([]) == limit_table([]) == ""


def runs_of(picture, bar):
    """(colour, pixels) along a bar's middle, from the left, black marks left out."""
    line = picture[HEAD + bar * (BAR + GAP) + BAR // 2, LEFT : WIDTH - RIGHT].tolist()
    colours = []
    for colour in map(tuple, line):
        if colour in (*COLOURS, REST):
            colours = colours if colours and colours[-1] == colour else [*colours, colour]
    return colours, sum(tuple(pixel) in (*COLOURS, REST) for pixel in line)


def test_the_plot_has_a_bar_of_its_length_for_every_run():
    rows = [
        Row("720p", FLOOR, (timed_run(1.0, {"decoding": 0.2, "encoding": 0.6}),)),
        Row("720p", COMMAND, (timed_run(4.0, {"mouths": 3.0, "waiting for frames": 2.5}),)),
        Row("720p", PLAIN, (timed_run(4.0, {"decoding": 3.0, "mouths": 2.0}),)),
    ]
    picture = draw_plot(rows)
    bars = [runs_of(picture, bar) for bar in range(3)]
    colours = {name: COLOURS[i] for i, name in enumerate(("decoding", "encoding", "mouths"))}
    assert bars[0][0] == [colours["decoding"], colours["encoding"], REST]
    assert bars[1][0] == [colours["mouths"], REST]  # to wait is no work
    assert bars[2][0] == [colours["decoding"], colours["mouths"]]
    whole = WIDTH - LEFT - RIGHT  # five seconds: stages that overlap pass the run's end
    assert [pixels / whole for _, pixels in bars] == pytest.approx([0.2, 0.8, 1.0], abs=0.01)


def test_the_plot_has_a_block_for_every_clip():
    plot, taller = draw_plot(GOOD), draw_plot([*GOOD, *(replace(r, clip="still") for r in GOOD)])
    assert taller.shape[0] > 1.5 * plot.shape[0] and taller.shape[1] == plot.shape[1] == WIDTH


def test_the_first_frame_is_one_of_the_last_stage():
    events = [
        {"event": "start"},
        {"event": "frame", "stage": "faces"},
        {"event": "frame", "stage": "frames"},
        {"event": "frame", "stage": "frames"},
    ]
    lines = tuple((0.1 * i, json.dumps(event)) for i, event in enumerate(events))
    assert first_frame(ProcessRun(1, 1, 1, lines)) == pytest.approx(0.2)
    assert first_frame(ProcessRun(1, 1, 1, lines[:2])) is None


def test_the_floor_writes_as_many_frames_as_asked_for(folder, tmp_path):
    """The clip has six: it is repeated, as the command does it."""
    out = tmp_path / "floor.mp4"
    assert floor.main(files(folder, out, frames=10)) == 0
    frames, sources = frames_of(out), frames_of(folder / "face.mp4")
    assert len(frames) == 10 and frames[0].shape == sources[0].shape
    difference = [np.abs(frames[i].astype(float) - sources[i % 6]).mean() for i in range(10)]
    assert max(difference) < 4
    stages = json.loads(out.with_suffix(".json").read_text())["seconds_by_stage"]
    assert set(stages) == {"inputs", "decoding", "encoding"} and min(stages.values()) > 0


def test_the_floor_encodes_as_the_command_does():
    options = Options(demo=True)
    target = Target(Path("o.mp4"), Fraction(25), 2, 2)
    assert (target.preset, target.crf) == (options.preset, options.crf)
    assert target.encoder == options.encoder and target.encoder in ENCODERS


@pytest.mark.slow
def test_the_plain_way_makes_the_whole_video(folder, tmp_path):
    """Longer than the clip, which is repeated; only inside the face's box anything is new."""
    out = tmp_path / "plain.mp4"
    arguments = files(folder, out, checkpoint_path=folder / "flat.pth")
    assert plain.main([*arguments, "--device", "cpu"]) == 0
    frames, sources = frames_of(out), frames_of(folder / "face.mp4")
    assert len(frames) == 10 and frames[0].shape == sources[0].shape
    rect = plain.detect_boxes(plain.decode(folder / "face.mp4", Fraction(25)).frames)[0]
    difference = np.abs(frames[0].astype(float) - sources[0])
    outside = np.ones(difference.shape[:2], bool)
    outside[rect.slices] = False
    assert difference[outside].mean() < 6 < difference[rect.slices].mean()
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".json", ".mp4"]
    stages = json.loads(out.with_suffix(".json").read_text())["seconds_by_stage"]
    assert {"decoding", "faces", "mouths", "first encode", "second encode"} <= set(stages)


def test_a_still_is_one_frame_of_the_plain_way(tmp_path):
    cv2.imwrite(str(tmp_path / "p.png"), np.full((20, 30, 3), 7, np.uint8))
    video = plain.decode(tmp_path / "p.png", Fraction(25))
    assert len(video.frames) == 1 and video.frame_at(9).shape == (20, 30, 3)


def test_the_plain_way_holds_a_box_until_the_next():
    a, b = Rect(0, 1, 0, 1), Rect(0, 2, 0, 2)
    assert plain._repeat_boxes([None, a, None, b], 17) == [a] * 15 + [b] * 2
    with pytest.raises(NoFaceError):
        plain._repeat_boxes([None, None], 6)


def test_the_plain_way_without_a_gpu_says_so(folder):
    if plain.cuda_usable():
        pytest.skip("there is one")
    with pytest.raises(EngineError, match="--device cpu"):
        plain.load_on_device(folder / "flat.pth", "cuda")


@pytest.mark.slow
def test_the_command_writes_figures_and_a_plot(tmp_path, capsys):
    out, picture = tmp_path / "new" / "s.json", tmp_path / "s.png"
    arguments = ["--only", "still", "--seconds", "0.2", "--run", PUPPET, "--quick"]
    assert main(["speed", *arguments, "--out", str(out), "--plot", str(picture)]) == 0
    kept = json.loads(out.read_text())
    assert {"machine", "commit", "settings", "verdict", "ratios", "help_seconds"} <= set(kept)
    assert kept["clips"] == [
        {"name": "still", "size": [512, 512], "frames": 5, "made": True, "fps": "25"}
    ]
    assert [r["kind"] for r in kept["rows"]] == [FLOOR, PUPPET]
    for r in kept["rows"]:
        assert r["seconds"] > 0 and r["peak_mb"] > 20 and len(r["runs"]) == 1 and r["stages"]
    assert kept["rows"][0]["first_frame"] is None
    assert 0 < kept["rows"][1]["first_frame"] < kept["rows"][1]["seconds"]
    assert kept["ratios"][0]["times"] == pytest.approx(
        kept["rows"][1]["seconds"] / kept["rows"][0]["seconds"]
    )
    assert str(Path.home()) not in out.read_text() and str(tmp_path) not in out.read_text()
    assert cv2.imread(str(picture)).shape[1] == WIDTH
    assert "puppet / floor" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["speed", "--plot", "bars.jpg"],
        ["speed", "--only", "4k"],
        ["speed", "--run", "magic"],
        ["speed", "--repeats", "0"],
        ["speed", "--seconds", "-1"],
        ["budget", "--only", "4k"],
        ["budget", "--engine", "magic"],
        ["budget", "--limit", "soon"],
        ["engines", "--engine", "magic"],
        ["engines", "--batch", "0"],
        ["engines", "--device", "tpu"],
    ],
)
def test_wrong_usage_is_reported_in_a_line(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_a_face_that_fails_is_reported_in_a_line(tmp_path, capsys):
    blank = make_any(tmp_path / "blank.mp4", frames=5, size=(160, 120))
    arguments = ["--face", str(blank), "--seconds", "0.2", "--run", PUPPET, "--quick"]
    assert main(["speed", *arguments]) == 1
    assert "no face found" in capsys.readouterr().err.splitlines()[-1]


def test_every_kind_can_be_asked_for_alone():
    assert list(KINDS) == [FLOOR, COMMAND, FIRST, PUPPET, PLAIN]
