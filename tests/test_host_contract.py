"""docs/host-contract.md, promise by promise; a test's number is the promise's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

from command.cli import main
from options.files import default_cache
from tests.checkpoints import save_cut_off
from tests.encoders import opens
from tests.media import make_sound, make_video
from tests.readback import frames_of

ROOT = Path(__file__).parent.parent
PORTRAIT = ROOT / "demo" / "portrait.png"
PROMISES = re.findall(r"^(\d+)\. ", (ROOT / "docs" / "host-contract.md").read_text(), re.M)
SCHEMAS = {
    name: json.loads((ROOT / "docs" / "schemas" / name).read_text())
    for name in ("events.json", "report.json")
}
REGISTRY = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


def valid(name, value):
    jsonschema.Draft202012Validator(SCHEMAS[name], registry=REGISTRY).validate(value)
    return True


class Ran:
    def __init__(self, code, out, err, outfile):
        self.code, self.errors, self.outfile = code, err.splitlines(), outfile
        self.events = [json.loads(line) for line in out.splitlines()]
        assert all(valid("events.json", event) for event in self.events)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Good and bad ones, and a cache that all runs share."""
    folder = tmp_path_factory.mktemp("inputs")
    make_sound(folder / "good.wav", seconds=0.2)
    make_video(folder / "blank.mp4", frames=5, size=(160, 120))
    (folder / "text").write_text("neither a picture nor a sound\n")
    return folder


@pytest.fixture
def words(inputs, tmp_path):
    """The command line for these flags."""

    def line(*more, **flags):
        given = {"face": PORTRAIT, "audio": inputs / "good.wav", "engine": "puppet"}
        given |= {"outfile": tmp_path / "out" / "r.mp4", "cache_dir": inputs / "cache", **flags}
        named = [str(w) for name, value in given.items() if value for w in (f"--{name}", value)]
        return [*named, *more]

    return line


@pytest.fixture
def run(words, capsys, tmp_path):
    """In this process, with events."""

    def command(*more, **flags):
        code = main(words(*more, **{"progress": "json", **flags}))
        told = capsys.readouterr()
        return Ran(code, told.out, told.err, Path(flags.get("outfile", tmp_path / "out" / "r.mp4")))

    return command


def program(words, **how):
    """As a host starts it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    line = [sys.executable, str(ROOT / "inference_fast.py"), *words]
    return subprocess.run(line, text=True, **{**pipes, **how})


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_promise_has_a_test():
    numbered = (re.match(r"test((?:_\d+)+)_", name) for name in globals())
    tested = {number for found in numbered if found for number in found[1].split("_")[1:]}
    assert tested == set(PROMISES) and len(PROMISES) == len(set(PROMISES))


def test_the_schemas_are_schemas():
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError):
        valid("events.json", {"event": "error", "message": "two\nlines", "exit_code": 3})


def test_the_report_of_a_judged_run_is_described(run, tmp_path):
    place = tmp_path / "report.json"
    assert run("--quality", report=place).code == 0
    report = json.loads(place.read_text())
    assert report["quality"]["figures"] and valid("report.json", report)
    report["quality"]["figures"]["seam"]["level"] = "good"
    with pytest.raises(jsonschema.ValidationError):
        valid("report.json", report)


WRONG = {
    2: {"crf": 99},
    3: {"face": "no such file"},
    4: {"face": "blank.mp4"},
    5: {"engine": None, "checkpoint_path": "text"},
    6: {"outfile": "r.txt"},
}


@pytest.fixture(params=WRONG)
def failed(request, run, inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    return request.param, run(**WRONG[request.param])


def test_1_2_8_errors(failed):
    code, ran = failed
    assert ran.code == code
    assert [e["event"] for e in ran.events if e["event"] in ("done", "check", "error")] == ["error"]
    last = ran.events[-1]
    assert ran.errors[-1] == f"error: {last['message']}" and last["exit_code"] == code


def test_1_a_bug_is_1_with_its_traceback(tmp_path):
    bug = "from command.cli import main; import sys; sys.exit(main(no_such_option=1))"
    ended = subprocess.run([sys.executable, "-c", bug], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1 and "Traceback" in ended.stderr


def test_2_one_line_whatever_the_names_hold(run):
    ran = run(face="two\nlines\r\x1b[2J.mp4")
    assert ran.code == 3 and len(ran.errors) == 1


def test_3_5_7_9_10_26_success(run, tmp_path):
    report = tmp_path / "deep" / "report.json"
    ran = run(report=report)
    assert ran.code == 0 and ran.errors[-1].startswith("done: ")
    assert (ran.events[0]["event"], ran.events[-1]["event"]) == ("start", "done")
    frames = [e for e in ran.events if e["event"] == "frame" and e["stage"] == "frames"]
    assert [e["done"] for e in frames] == list(range(1, frames[-1]["of"] + 1))
    told = json.loads(report.read_text())
    assert valid("report.json", told) and set(told["caches"]) == {"track", "network"}
    assert {name: told[name] for name in ran.events[-1] if name != "event"}.keys() <= told.keys()
    assert told["options"] == ran.events[0]["options"]
    assert [p.name for p in report.parent.iterdir()] == ["report.json"]


def test_4_5_libraries_and_standard_streams(words, tmp_path):
    """A PNG that libpng has words for; standard input would be read by an ffmpeg program."""
    face = save_cut_off(PORTRAIT, tmp_path / "cut.png")
    ended = program(words(face=face))
    assert ended.returncode == 3 and ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1 and ended.stderr.startswith("error: ")
    verbose = {**os.environ, "OPENCV_LOG_LEVEL": "DEBUG"}
    assert program(words(), env=verbose).stdout == ""
    debugged = program(words("--debug", face=face))
    assert "libpng" in debugged.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_6_streams_that_take_nothing(words, tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = program(words(progress="json"), stdout=full, stderr=full)
    assert ended.returncode == 0 and (tmp_path / "out" / "r.mp4").exists()


def test_6_streams_that_are_closed(words, tmp_path):
    """No file that is opened later becomes a standard stream."""
    line = [sys.executable, str(ROOT / "inference_fast.py"), *words(progress="json")]
    ended = subprocess.run(["bash", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *line])
    assert ended.returncode == 0 and len(frames_of(tmp_path / "out" / "r.mp4")) == 5


def test_7_wrong_flags_are_an_event_alone(run):
    assert [e["event"] for e in run("--no_such_flag").events] == ["error"]


def test_10_no_report_of_a_failure(run, inputs, tmp_path):
    ran = run(face=inputs / "blank.mp4", report=tmp_path / "report.json")
    assert ran.code == 4 and not (tmp_path / "report.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_11_a_report_without_room(run):
    ran = run(report="/dev/full")
    assert ran.code == 6 and "/dev/full" in ran.errors[-1] and "is done" in ran.errors[-1]
    assert ran.outfile.exists()


def test_12_14_an_earlier_file_stays_or_is_replaced(run, inputs, tmp_path, monkeypatch):
    """And nothing else is written, be it into the temporary folder or the working directory."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    outfile = tmp_path / "out" / "r.mp4"
    outfile.parent.mkdir()
    outfile.write_text("earlier")
    assert run(face=inputs / "blank.mp4").code == 4 and outfile.read_text() == "earlier"
    assert run().code == 0 and len(frames_of(outfile)) == 5
    assert files(tmp_path) == [outfile]


def test_13_16_the_unfinished_file_and_a_signal(words, inputs, tmp_path):
    """Other signals in tests/command/test_cli.py, other moments in test_stopping.py beside it."""
    line = words(progress="json", audio=make_sound(inputs / "long.wav", 60))
    with subprocess.Popen(
        [sys.executable, str(ROOT / "inference_fast.py"), *line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        events = map(json.loads, running.stdout)
        assert any(e.get("stage") == "frames" and e.get("done") == 20 for e in events)
        names = [path.name for path in (tmp_path / "out").iterdir()]
        running.terminate()
        _, errors = running.communicate()
    assert running.returncode == 143 and len(errors.splitlines()) == 1
    (name,) = names
    assert re.fullmatch(rf"\.r\.mp4\.{running.pid}-[0-9a-f]+\.part\.mp4", name)
    assert files(tmp_path) == []


def test_15_folders_are_made_and_inputs_left(run, inputs, tmp_path):
    assert run(outfile=tmp_path / "a" / "b" / "r.mp4").code == 0
    before = (inputs / "good.wav").read_bytes()
    assert run(outfile=inputs / "good.wav").code == 2
    assert (inputs / "good.wav").read_bytes() == before


def test_17_side_by_side(words, inputs, tmp_path):
    """More of them, with other inputs, in tests/campaigns/test_crowd.py."""
    outs = [tmp_path / "out" / f"{number}.mp4" for number in range(2)]
    line = [sys.executable, str(ROOT / "inference_fast.py")]
    running = [
        subprocess.Popen([*line, *words(outfile=out)], stderr=subprocess.DEVNULL) for out in outs
    ]
    assert [one.wait() for one in running] == [0, 0]
    assert files(tmp_path) == outs


def test_18_what_can_be_known_comes_first(run, inputs, tmp_path, monkeypatch):
    """The detector is not even loaded."""
    detectors = {"mtcnn": lambda settings: pytest.fail("faces are looked for")}
    monkeypatch.setattr("pipeline.stages.DETECTORS", detectors)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08" + b"no network" * 99)
    fresh = {"cache_dir": tmp_path / "none"}
    assert run(engine="openvino", checkpoint_path=damaged, **fresh).code == 5
    if not opens("h264_nvenc", 512, 512):
        assert run(encoder="h264_nvenc", **fresh).code == 6
    assert run(report=inputs / "text" / "r.json", **fresh).code == 6
    assert run(audio=inputs / "text", **fresh).code == 3


def test_19_check(run, inputs, tmp_path):
    cache = {"cache_dir": tmp_path / "cache"}
    ran = run("--check", report=tmp_path / "report.json", **cache)
    assert ran.code == 0 and ran.errors[-1].startswith("checked: ")
    told = ran.events[-1]
    assert [e["event"] for e in ran.events] == ["start", "check"]
    assert (told["frames"], told["size"]) == (5, [512, 512])
    assert told["encoder"] == ("h264_nvenc" if opens("h264_nvenc", 512, 512) else "libx264")
    assert run("--check", face=inputs / "blank.mp4", **cache).code == 0
    assert run("--check", face=inputs / "text", **cache).code == 3
    assert files(tmp_path) == []


def test_20_21_limits(run):
    many = run(max_pixels=512 * 512 - 1)
    assert many.code == 3 and "--max_pixels" in many.errors[-1]
    assert run("--check", max_pixels=512 * 512).code == 0
    long = run(max_seconds=0.1)
    assert long.code == 3 and "--max_seconds" in long.errors[-1]
    assert run("--check", "--max_seconds", "0", "--max_pixels", "0").code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited")
def test_22_memory(words, tmp_path):
    """More sizes in tests/base/test_memory.py."""
    import resource

    few = 300 << 20
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (few, few))  # noqa: E731
    ended = program(words(progress="json"), preexec_fn=limit)
    assert ended.returncode == 7 and len(ended.stderr.splitlines()) == 1
    assert valid("events.json", json.loads(ended.stdout)) and files(tmp_path) == []


def test_23_disk(run, monkeypatch, tmp_path):
    """Real disks in tests/command/test_disk.py."""
    if os.geteuid() == 0:
        locked = Path("/proc/nowhere")
    else:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
    ran = run(outfile=locked / "r.mp4")
    assert ran.code == 6 and str(locked.parent) in ran.errors[-1] and "--outfile" in ran.errors[-1]


def test_24_where_the_cache_is(run, tmp_path, monkeypatch):
    """The bounds are held in tests/base/test_cache.py."""
    monkeypatch.setenv("XDG_CACHE_HOME", "a relative one is not heeded")
    assert default_cache() == Path.home() / ".cache" / "wav2lip-fast"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache() == tmp_path / "xdg" / "wav2lip-fast"
    assert run(cache_dir=None).code == 0
    kept = files(tmp_path / "xdg" / "wav2lip-fast")
    assert {p.parent.name for p in kept} == {"tracks", "compiled"}


def test_25_the_cache_is_no_must(run, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert run(cache_dir=tmp_path / "file").code == 0
    ran = run("--no_cache", cache_dir=tmp_path / "none")
    assert ran.events[-1]["caches"] == {"track": "off", "network": "off"}
    assert not (tmp_path / "none").exists()
