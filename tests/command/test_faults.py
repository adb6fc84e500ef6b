"""Each stage fails at its first, a middle and its last item, in every way there is.

The stages that are entries of a dict are put there; the others fail for causes of this world.
"""

import faulthandler
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from base.errors import EngineError, OutputError
from base.geometry import Box, Landmarks
from blending.methods import BLENDERS
from command.cli import main
from faces.detectors import DETECTORS
from faces.face import Face
from pipeline.report import write_report
from tests.media import make_sound, make_video
from tests.readback import frames_of
from tests.shortage import no_file_over
from tests.slow import rest_slow, slow
from video.loops import LOOPS
from wav2lip.generators import PREPARERS
from wav2lip.generators.prepared import PreparedEngine

ROOT = Path(__file__).parents[2]
HANGS = 120  # seconds after which a run does not end any more
FRAMES = 12
BOX = Box(20.0, 84.0, 40.0, 96.0)
BOX_WORDS = ("--box", "20", "84", "40", "96")  # in noise no lips are seen
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)
ERRORS = {
    "one of ours": (EngineError("the test: it broke; mend it"), 5),
    "a bug": (ZeroDivisionError("the test"), None),
    "no memory": (MemoryError(), 7),
    "Ctrl-C": (KeyboardInterrupt(), 130),
}
MOMENTS = {"first": 0, "middle": FRAMES // 2, "last": FRAMES - 1}


@pytest.fixture(autouse=True)
def hangs():
    """Whatever waits for ever ends all the tests, and says where it waits."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


class Seer:
    """Finds a face in every picture; raises at one of them."""

    def __init__(self, fails=lambda index: None):
        self.fails, self.pictures = fails, 0

    def detect(self, picture):
        return [self.refine(picture, FACE)]

    def refine(self, picture, face):
        self.fails(self.pictures)
        self.pictures += 1
        return FACE


def failing_detector(fails):
    return DETECTORS, "mtcnn", lambda settings: Seer(fails)


def generator(fails=lambda index: None):
    """Makes no mouth at all; raises at one of them."""

    def generate(batches):
        done = 0
        for batch in batches:
            for index in range(done, done + len(batch)):
                fails(index)
            done += len(batch)
            yield batch.faces

    return lambda settings: PreparedEngine(lambda shown: generate)


def failing_generator(fails):
    return PREPARERS, "puppet", generator(fails)


def failing_source(fails):
    def repeat(source):
        for index in range(FRAMES):
            fails(index)
            yield 0, source.first

    return LOOPS, "repeat", repeat


def failing_blender(fails):
    count = iter(range(FRAMES))
    method = BLENDERS["ellipse"]

    def blend(patch, face, mask):
        fails(next(count))
        return method.blend(patch, face, mask)

    return BLENDERS, "ellipse", replace(method, blend=blend, mix=None)


STAGES = {
    "faces": failing_detector,
    "source": failing_source,
    "generator": failing_generator,
    "blending": failing_blender,
}


NETWORK = "openvino"  # only a network's patches are blended


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    made = tmp_path_factory.mktemp("media")
    make_video(made / "face.mp4", frames=FRAMES, size=(160, 120))
    make_sound(made / "sound.wav", seconds=FRAMES / 25)
    return made


@pytest.fixture
def network(checkpoint):
    """Flags of an engine whose patches are blended."""
    return {"engine": NETWORK, "checkpoint_path": checkpoint}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def run(media, tmp_path, capsys, monkeypatch):
    """The command: its code (none for a bug) and what it said; nothing else may stay of it."""
    out = tmp_path / "out" / "result.mp4"
    out.parent.mkdir()
    out.write_text("earlier")
    monkeypatch.setitem(DETECTORS, "mtcnn", lambda settings: Seer())

    def command(*words, **flags):
        given = {"face": media / "face.mp4", "audio": media / "sound.wav", "outfile": out}
        given |= {"engine": "puppet", "cache_dir": tmp_path / "cache", **flags}
        before = {*threading.enumerate(), *open_files()}
        try:
            named = (f"--{name}={value}" for name, value in given.items())
            code = main([*named, *BOX_WORDS, *words])
        except ZeroDivisionError:
            code = None
        # what an earlier test left to the garbage collector may go meanwhile
        assert {*threading.enumerate(), *open_files()} <= before
        return code, capsys.readouterr().err.splitlines()

    return command


def open_files():
    """PyAV keeps a file open whose end could not be written: it must not hold any space then."""
    folder = Path("/proc/self/fd")
    every = sorted(folder.iterdir()) if folder.is_dir() else []
    return [one for one in every if one.exists() and (one.stat().st_nlink or one.stat().st_size)]


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def untouched(folder):
    return left(folder) == ["result.mp4"] and (folder / "result.mp4").read_text() == "earlier"


def every_way():
    """(stage, moment, kind): each pair of two of them always, the others in `make faults`."""
    for numbers in product(*map(range, map(len, (STAGES, MOMENTS, ERRORS)))):
        marks = () if sum(numbers) % len(ERRORS) == 0 else pytest.mark.campaign
        names = [list(way)[i] for way, i in zip((STAGES, MOMENTS, ERRORS), numbers, strict=True)]
        yield pytest.param(names, marks=marks, id="-".join(names))


@pytest.mark.parametrize("way", list(every_way()))
def test_a_stage_that_raises(run, monkeypatch, network, way, out):
    stage, moment, kind = way
    error, expected = ERRORS[kind]

    def fails(index):
        if index == MOMENTS[moment]:
            raise error

    with monkeypatch.context() as patch:
        patch.setitem(*STAGES[stage](fails))
        patch.setitem(PREPARERS, NETWORK, generator())
        code, said = run(**(network if stage == "blending" else {}))
    assert code == expected, said
    assert untouched(out)
    if code is not None:
        assert len([line for line in said if line.startswith("error: ")]) == len(said) == 1
    assert run()[0] == 0 and len(frames_of(out / "result.mp4")) == FRAMES


def test_a_bug_in_a_thread_is_told_of_once(media, tmp_path):
    """And its traceback names the place."""
    program = (
        "import sys; from command.cli import main; from wav2lip.generators import PREPARERS\n"
        "from wav2lip.generators.prepared import PreparedEngine\n"
        "def broken(batches):\n    yield next(batches).faces[:1] / 0\n"
        "PREPARERS['puppet'] = lambda settings: PreparedEngine(lambda visible: broken)\n"
        "sys.exit(main())"
    )
    words = [sys.executable, "-W", "error", "-c", program, "--engine", "puppet"]
    words += ["--face", str(ROOT / "demo" / "portrait.png"), "--audio", str(media / "sound.wav")]
    words += ["--outfile", str(tmp_path / "out" / "result.mp4")]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=HANGS)
    assert run.returncode == 1, run.stderr
    assert run.stderr.count("Traceback") == 1 and "in broken" in run.stderr
    assert left(tmp_path / "out") == []


@pytest.mark.parametrize("moment", ["first", "middle", "last"])
def test_a_sound_that_breaks(run, tmp_path, moment):
    samples = np.full((1, 16_000), 0.1, np.float32)
    samples[0, {"first": 0, "middle": 8_000, "last": -1}[moment]] = np.nan
    sound = make_sound(tmp_path / "nan.wav", rate=16_000, samples=samples, codec="pcm_f32le")
    code, said = run(audio=sound)
    assert code == 3 and len(said) == 1 and untouched(tmp_path / "out")


@pytest.mark.parametrize("moment", rest_slow(MOMENTS))
@pytest.mark.parametrize("kind", ["face.mp4", "sound.wav"])
def test_an_input_that_goes_while_it_is_read(run, media, tmp_path, monkeypatch, kind, moment):
    """What is open stays readable; what is opened anew is an input that cannot be read."""
    mine = tmp_path / kind
    shutil.copy(media / kind, mine)

    def gone(index):
        if index == MOMENTS[moment]:
            mine.unlink()

    monkeypatch.setitem(*failing_detector(gone))
    code, said = run(**{"face" if kind == "face.mp4" else "audio": mine})
    assert code == 3 and len(said) == 1 and str(mine) in said[0]
    assert untouched(tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "share"),
    [("result.mp4", 0.0), slow("result.mkv", 0.5), ("result.mp4", 0.999)],
)
def test_a_disk_that_fills_up(run, tmp_path, name, share):
    """While the first or a middle frame is written, or the end of the file."""
    out = tmp_path / "out" / name
    assert run(outfile=out)[0] == 0
    size = out.stat().st_size
    out.write_text("earlier")
    with no_file_over(int(size * share)):
        code, said = run("--no_cache", outfile=out)
    assert code == 6 and len(said) == 1, said
    assert out.read_text() == "earlier" and left(out.parent) == sorted({name, "result.mp4"})


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_folder_that_goes_while_it_is_written_to(run, tmp_path, monkeypatch, moment):
    def gone(index):
        if index == MOMENTS[moment]:
            shutil.rmtree(tmp_path / "out")

    monkeypatch.setitem(*failing_generator(gone))
    code, said = run()
    assert code == 6 and len(said) == 1, said
    assert not (tmp_path / "out").exists()


def test_a_report_that_cannot_be_written(run, tmp_path, monkeypatch):
    """The video is whole by then, and stays."""
    report = tmp_path / "reports" / "report.json"
    monkeypatch.setitem(*failing_generator(lambda index: report.mkdir(parents=True, exist_ok=True)))
    code, said = run(report=report)
    assert code == 6 and len(said) == 1, said
    assert left(report.parent) == ["report.json"] and left(tmp_path / "out") == ["result.mp4"]
    assert len(frames_of(tmp_path / "out" / "result.mp4")) == FRAMES


def test_a_report_is_whole_or_not_there(tmp_path):
    report = tmp_path / "report.json"
    write_report(report, {"outfile": "r.mp4"})
    before = report.read_bytes()
    with no_file_over(1000), pytest.raises(OutputError):
        write_report(report, {"outfile": "long " * 1000})
    assert report.read_bytes() == before and left(tmp_path) == ["report.json"]


def test_a_contact_sheet_that_cannot_be_written(run, tmp_path, monkeypatch):
    sheet = tmp_path / "out" / "result.sheet.png"
    monkeypatch.setitem(*failing_generator(lambda index: sheet.mkdir(exist_ok=True)))
    code, said = run("--demo", report=tmp_path / "report.json")
    assert code == 6 and len(said) == 1 and "result.mp4 is done" in said[0], said
    assert not (tmp_path / "report.json").exists()
    assert len(frames_of(tmp_path / "out" / "result.mp4")) == FRAMES


@pytest.mark.parametrize(
    "damage", rest_slow(["a file", "swapped", "cut off", "read-only", "folders"], 2)
)
def test_a_cache_that_does_not_work(run, tmp_path, damage):
    """Costs time, never the result."""
    assert run()[0] == 0
    cache = tmp_path / "cache"
    (entry,) = (cache / "tracks").iterdir()
    if damage == "a file":
        shutil.rmtree(cache)
        cache.write_text("no folder")
    elif damage == "cut off":
        entry.write_bytes(entry.read_bytes()[:-5])
    elif damage == "swapped":
        entry.write_bytes(bytes(len(entry.read_bytes())))
    elif damage == "read-only":
        entry.unlink()
        entry.parent.chmod(0o500)
    else:
        entry.unlink()
        entry.mkdir()
    code, said = run()
    assert code == 0, said
    assert len(frames_of(tmp_path / "out" / "result.mp4")) == FRAMES
