"""The command in process: exit codes, one-line errors, what is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.errors import OutputError
from command.cli import main
from faces.detectors import DETECTORS
from options.options import Options
from pipeline.preflight import check_places
from pipeline.settings import settings_of
from tests.checkpoints import (
    flat_weights,
    save_bare,
    save_cut_off,
    save_malicious,
    save_other_network,
)
from tests.media import make_sound, make_video
from tests.readback import frames_of
from tests.slow import rest_slow, slow
from tests.talking import vowel

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "demo" / "portrait.png"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Good and bad inputs, and a cache for compiled networks."""
    made = tmp_path_factory.mktemp("inputs")
    make_sound(made / "good.wav", seconds=0.6)
    make_video(made / "blank.mp4", frames=5, size=(160, 120))
    (made / "text.mp4").write_text("no video at all\n")
    (made / "empty.bin").touch()
    (made / "page.pth").write_text("<!DOCTYPE html><html><body>Sign in</body></html>")
    (made / "ring.mp4").symlink_to("ring.mp4")
    os.mkfifo(made / "pipe")
    save_other_network(made / "other.pth")
    save_malicious(made / "evil.pth", made / "pwned", "os.system")
    save_cut_off(save_bare(flat_weights(), made / "flat.pth"), made / "cut.pth", 0.5)
    nothing = np.full((1, 4000), np.nan, np.float32)
    make_sound(made / "nan.wav", rate=16_000, samples=nothing, codec="pcm_f32le")
    return made


@pytest.fixture
def run(folder, tmp_path, capsys, monkeypatch):
    """Runs the command in `folder`: exit code, standard error, standard output, files written."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", folder / "no checkpoints")

    def command(*words, **flags):
        given = {"face": PORTRAIT, "audio": "good.wav", "outfile": tmp_path / "out" / "result.mp4"}
        given |= {"cache_dir": folder / "cache", **flags}
        named = [word for name, value in given.items() for word in (f"--{name}", *split(value))]
        code = main([*named, *words])
        told = capsys.readouterr()
        left = sorted(p.name for p in (tmp_path / "out").glob("*"))
        return code, told.err.splitlines(), told.out.splitlines(), left

    return command


def split(value):
    return map(str, value) if isinstance(value, tuple) else [str(value)]


def test_a_photo_speaks(run, tmp_path):
    code, errors, printed, left = run()
    assert code == 0
    assert errors[-1].startswith("done: ") and printed == []
    assert left == ["result.mp4"]
    frames = frames_of(tmp_path / "out" / "result.mp4")
    assert len(frames) == 15 and frames[0].shape == (512, 512, 3)


def test_without_a_checkpoint_the_puppet_says_so_in_one_line(run):
    _, errors, _, _ = run()
    assert len([line for line in errors if "puppet moves the mouth" in line]) == 1


BAD = {
    "face missing": ({"face": "no.mp4"}, 3),
    "face is a folder": ({"face": "."}, 3),
    "face is text": ({"face": "text.mp4"}, 3),
    "face is empty": ({"face": "empty.bin"}, 3),
    "face is a sound": ({"face": "good.wav"}, 3),
    "sound missing": ({"audio": "no.wav"}, 3),
    "sound is text": ({"audio": "text.mp4"}, 3),
    "sound is empty": ({"audio": "empty.bin"}, 3),
    "sound is a silent video": ({"audio": "blank.mp4"}, 3),
    "no face": ({"face": "blank.mp4"}, 4),
    "box outside": ({"box": (0, 999, 0, 100)}, 2),
    "crop outside": ({"crop": (0, 999, 0, 100)}, 2),
    "pads leave nothing": ({"pads": (-900, 0, 0, 0)}, 2),
    "pads move the face out": ({"pads": (-900, 900, 0, 0)}, 2),
    "out of range": ({"crf": 99}, 2),
    "checkpoint missing": ({"checkpoint_path": "no.pth"}, 5),
    "checkpoint is a web page": ({"checkpoint_path": "page.pth"}, 5),
    "checkpoint is a pipe": ({"checkpoint_path": "pipe"}, 5),
    "face is a pipe": ({"face": "pipe"}, 3),
    "sound is a pipe": ({"audio": "pipe"}, 3),
    "checkpoint is empty": ({"checkpoint_path": "empty.bin"}, 5),
    "checkpoint is of another network": ({"checkpoint_path": "other.pth"}, 5),
    "checkpoint holds code": ({"checkpoint_path": "evil.pth"}, 5),
    "checkpoint is cut off": ({"checkpoint_path": "cut.pth"}, 5),
    "sound is no number": ({"audio": "nan.wav"}, 3),
    "face number too high": ({"face_select": 7}, 4),
    "report in a file": ({"report": "text.mp4/r.json"}, 6),
    "report is a pipe": ({"report": "pipe"}, 6),
    "report to standard error": ({"report": "/dev/stderr"}, 6),
    "page in a file": ({"quality": "text.mp4/page.html"}, 6),
    "detector without weights": ({"face_detector": "sfd"}, 5),
    "engine without weights": ({"engine": "torch"}, 5),
    "output of no known ending": ({"outfile": "result.txt"}, 6),
    "output is a ring of links": ({"outfile": "ring.mp4"}, 6),
    "output below a file": ({"outfile": "text.mp4/result.mp4"}, 6),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_its_code(name, run):
    """And no file is left; the original said that it was done, and there was no file."""
    flags, expected = BAD[name]
    code, errors, printed, left = run(**flags)
    assert code == expected, errors
    assert [line for line in errors if line.startswith("error: ")] == errors[-1:]
    assert not any("Traceback" in line for line in errors)
    assert printed == [] and left == []
    assert not Path("pwned").exists()


def test_debug_shows_what_is_behind_an_error(run):
    code, errors, _, _ = run("--debug", face="text.mp4")
    assert code == 3 and any("Traceback" in line for line in errors)


PLACES = ["report in a file", "report is a pipe", "page in a file", "detector without weights"]


@pytest.mark.parametrize("name", PLACES)
def test_what_a_run_would_miss_at_its_end_is_checked(name, run):
    flags, expected = BAD[name]
    assert run("--check", **flags)[0] == expected


def test_a_sheet_that_could_not_be_written_costs_no_work(run, tmp_path):
    (tmp_path / "out" / "result.sheet.png").mkdir(parents=True)
    code, errors, _, left = run("--demo")
    assert code == 6 and "result.sheet.png: is a folder" in errors[-1]
    assert left == ["result.sheet.png"]


def files(folder, report):
    named = Options(face=Path("f"), audio=Path("a"), outfile=folder / "r.mp4", report=report)
    return settings_of(named).files


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="standard error has other names")
def test_by_whichever_name_standard_error_takes_no_file(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/dev/stderr")
    for name in ("/dev/fd/2", f"/proc/{os.getpid()}/fd/2", "/proc/thread-self/fd/2", link):
        with pytest.raises(OutputError, match="lines of its own"):
            check_places(files(tmp_path, Path(name)))
    check_places(files(tmp_path, Path("/dev/stdout")))
    check_places(files(tmp_path, Path(os.devnull)))


def test_events_and_a_report_are_not_mixed(run):
    assert run(report="/dev/stdout")[0] == 0
    code, errors, printed, _ = run(report="/dev/stdout", progress="json")
    assert code == 6 and "lines of its own" in errors[-1]
    assert [json.loads(line)["event"] for line in printed] == ["start", "error"]


def test_a_bug_keeps_its_traceback(capsys):
    with pytest.raises(TypeError, match="no_such_option"):
        main(["--demo", "--progress", "json"], no_such_option=1)
    (event,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (event["event"], event["exit_code"]) == ("error", 1)
    assert event["message"].startswith("TypeError: ") and "no_such_option" in event["message"]


def test_progress_as_json(run):
    code, _, printed, _ = run(progress="json")
    events = [json.loads(line) for line in printed]
    assert code == 0
    assert events[0]["event"] == "start" and events[-1]["event"] == "done"
    assert [e["stage"] for e in events if e["event"] == "stage"] == ["faces", "frames"]
    frames = [e["done"] for e in events if e["event"] == "frame" and e["stage"] == "frames"]
    assert frames == list(range(1, 16))


@pytest.mark.parametrize("words", [{"crf": 99}, {"face": "text.mp4"}])
def test_errors_as_json(run, words):
    code, errors, printed, _ = run(progress="json", **words)
    last = json.loads(printed[-1])
    assert (last["event"], last["exit_code"]) == ("error", code)
    assert errors[-1] == f"error: {last['message']}"


def test_the_report_has_options_facts_and_seconds(run, tmp_path):
    run(report=tmp_path / "deep" / "report.json", fps="29.97")
    report = json.loads((tmp_path / "deep" / "report.json").read_text())
    assert report["options"]["fps"] == "30000/1001" and report["fps"] == "30000/1001"
    assert report["frames"] == report["frames_generated"] == 18
    assert report["engine"] == "puppet"
    assert {"inputs", "faces", "engine", "blending"} <= set(report["seconds_by_stage"])
    assert report["peak_memory_mb"] > 0


def test_a_photo_s_second_run_loads_no_detector(run, tmp_path, monkeypatch):
    """And --no_cache neither reads nor writes."""
    flags = {"cache_dir": tmp_path / "cache", "report": tmp_path / "report.json"}

    def cached(*words):
        code, errors, _, _ = run(*words, **flags)
        assert code == 0, errors
        return json.loads(flags["report"].read_text())["caches"]["track"]

    assert cached("--no_cache") == "off" and not flags["cache_dir"].exists()
    assert cached() == "miss"
    first = (tmp_path / "out" / "result.mp4").read_bytes()
    with monkeypatch.context() as patch:
        patch.setitem(DETECTORS, "mtcnn", lambda settings: pytest.fail("the detector is loaded"))
        assert cached() == "hit"
    assert (tmp_path / "out" / "result.mp4").read_bytes() == first
    kept = {path: path.stat() for path in flags["cache_dir"].rglob("*")}
    assert cached("--no_cache") == "off"
    assert {path: path.stat() for path in flags["cache_dir"].rglob("*")} == kept


def test_another_working_directory_will_do(run, tmp_path, monkeypatch, folder):
    """The original wrote temporary files into it, under fixed names."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, _, _, left = run(audio=folder / "good.wav")
    assert code == 0 and left == ["result.mp4"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_working_directory_that_is_gone(run, tmp_path, monkeypatch, folder):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run(audio=folder / "good.wav")[0] == 0
    assert run(audio=folder / "good.wav", outfile="r.mp4")[0] == 6
    assert run()[0] == 3


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGINT, 130), slow(signal.SIGHUP, 143)],
)
def test_a_stopped_run_leaves_nothing(folder, tmp_path, number, expected):
    command = [sys.executable, str(ROOT / "inference_fast.py"), "--progress", "json"]
    command += ["--face", str(PORTRAIT), "--audio", str(make_sound(tmp_path / "long.wav", 60))]
    command += ["--engine", "puppet", "--cache_dir", str(folder / "cache")]
    command += ["--outfile", str(tmp_path / "out" / "result.mp4")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        events = map(json.loads, run.stdout)
        assert any(e.get("stage") == "frames" and e.get("done") == 5 for e in events)
        run.send_signal(number)
        _, errors = run.communicate()
    assert run.returncode == expected, errors
    assert len(errors.splitlines()) == 1 and errors.startswith("error: ")
    assert list((tmp_path / "out").iterdir()) == []


PRODUCTION = ["--fp16", "--silence_gating", "--silence_threshold", "0.01"]
LOOKS = [
    "--blend_method ellipse --mouth_region_size 0.4 --sharpen_mouth --sharpen_amount 0.6",
    "--blend_method ellipse --mouth_region_size 0.4 --sharpen_mouth --sharpen_amount 0.6"
    " --blur_intensity 41",
    "--blend_method hd --mouth_region_size 0.6 --blur_intensity 61",
]


@pytest.mark.parametrize("look", rest_slow(LOOKS))
def test_the_production_commands_of_the_host(run, checkpoint, tmp_path, look):
    """With a checkpoint of the real layout, on a video, every flag as the host gives it."""
    face = make_video(tmp_path / "face.mp4", frames=12, size=(256, 256), draw=speaker)
    code, errors, _, left = run(
        *PRODUCTION, *look.split(), face=face, checkpoint_path=checkpoint, audio="good.wav"
    )
    assert code == 0, errors
    assert left == ["result.mp4"] and "openvino" in errors[-1]
    assert len(frames_of(tmp_path / "out" / "result.mp4")) == 15


@pytest.mark.slow
@pytest.mark.parametrize("network", [True, False])
def test_gating_spares_the_network_and_leaves_the_puppet_alone(run, checkpoint, tmp_path, network):
    """The puppet's motion goes on from frame to frame, and costs next to nothing."""
    hush = make_sound(tmp_path / "hush.wav", samples=np.zeros((1, 16_000), np.float32))
    engine = {"checkpoint_path": checkpoint} if network else {"engine": "puppet"}
    report = tmp_path / "report.json"
    code, errors, _, _ = run("--silence_gating", audio=hush, report=report, **engine)
    assert code == 0, errors
    told = json.loads(report.read_text())
    assert told["frames_generated"] == (3 if network else 25)
    assert told["frames_interpolated"] == 25 - told["frames_generated"]


def test_gating_that_can_skip_nothing_is_told(run, tmp_path):
    report = tmp_path / "r.json"
    code, errors, _, _ = run("--silence_gating", "--vad", "none", engine="puppet", report=report)
    assert code == 0 and "skips nothing" in errors[0]
    assert json.loads(report.read_text())["notices"] == errors[:1]


@pytest.mark.slow
def test_at_lip_strength_0_nothing_moves(run, tmp_path):
    voice = make_sound(tmp_path / "a.wav", rate=16_000, samples=vowel("a", 0.3)[None])
    moved = []
    for strength in (0, 1, 2):
        out = tmp_path / "out" / f"{strength}.mkv"
        assert run(audio=voice, encoder="ffv1", outfile=out, lip_strength=strength)[0] == 0
        picture = cv2.imread(str(PORTRAIT)).astype(int)
        moved.append(max(np.abs(frame - picture).mean() for frame in frames_of(out)))
    assert moved[1] > moved[0] + 0.1 and moved[2] > moved[1] + 0.05
    assert np.ptp(np.stack(frames_of(tmp_path / "out" / "0.mkv")), axis=0).max() == 0


def speaker(number, width, height):
    """The portrait, moving a little to the right."""
    picture = cv2.resize(cv2.imread(str(PORTRAIT)), (width, height), interpolation=cv2.INTER_AREA)
    return np.roll(picture, number, axis=1)


def test_each_stage_has_one_bar_that_goes(run):
    code, errors, _, _ = run(progress="bar")
    shown = "\n".join(errors)
    assert code == 0 and shown.count(" 0/15 ") == 1 and shown.count(" 0/1 ") == 1
    assert errors[-1].split("\r")[-1].startswith("done: ")


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_stop_the_run(folder, tmp_path):
    """`--progress json | head -1`"""
    command = [sys.executable, str(ROOT / "inference_fast.py"), "--progress", "json"]
    command += ["--face", str(PORTRAIT), "--audio", str(folder / "good.wav"), "--engine", "puppet"]
    command += ["--outfile", str(tmp_path / "result.mp4"), "--no_cache"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as run:
        run.stdout.readline()
        run.stdout.close()
        errors = run.stderr.read()
    assert run.returncode == 0, errors
    assert len(errors.splitlines()) == 1 and (tmp_path / "result.mp4").exists()


def test_an_earlier_result_survives_a_failure(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.mp4").write_text("earlier")
    code, *_ = run(face="blank.mp4")
    assert code == 4 and (tmp_path / "out" / "result.mp4").read_text() == "earlier"


def test_an_input_is_never_overwritten(run, folder):
    code, errors, _, _ = run(outfile="good.wav")
    assert code == 2 and "same file" in errors[-1]
    assert (folder / "good.wav").stat().st_size > 1000


def test_hd_is_the_same_command():
    text = subprocess.run(
        [sys.executable, str(ROOT / "inference_hd_fast.py"), "--help"],
        capture_output=True,
        text=True,
    )
    assert text.returncode == 0
    assert "(default: hd)" in text.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.split()[-1].count(".") == 2


def test_an_error_comes_alone(run):
    """Not behind a notice about the engine that would have been used."""
    _, errors, _, _ = run(face="no.mp4")
    assert len(errors) == 1


def test_pads_without_measure_end_in_reasonable_time(run):
    code, errors, _, _ = run(pads=(5000, 5000, 5000, 5000))
    assert code == 0, errors


def test_an_error_to_which_nobody_listens_is_its_code(folder, tmp_path):
    """Success without standard error is in tests/test_host_contract.py."""
    command = f"{sys.executable} inference_fast.py --face {folder}/text.mp4 --no_cache"
    words = f"{command} --audio {folder}/good.wav --outfile {tmp_path}/result.mp4 2>&-"
    run = subprocess.run(["bash", "-c", words], cwd=ROOT, capture_output=True)
    assert run.returncode == 3 and run.stdout == b""
