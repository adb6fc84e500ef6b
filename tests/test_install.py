"""An installed wheel: one package, the programs, and nothing that still needs the clone."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import each
from tests.media import make_sound

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("setup_of_the_project", ROOT / "setup.py")
assert SPEC is not None and SPEC.loader is not None
build = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build)
MODULE_NAME = re.compile(rf"({'|'.join(build.ROOMS)})(?!\.(wav|json|raw|m4a)$)(\.[a-z_]\w*)+")
IMPORT = re.compile(rf"\b(from|import) ({'|'.join(build.ROOMS)})\.[a-z_]")
EMBEDDED = """
import os, sys
from pathlib import Path
import cv2, joblib  # which change the environment themselves
before = dict(os.environ)
from lipsync import lipsync
face, sound, outfile = *sys.argv[1:], Path("embedded.mp4")
report = lipsync(face, sound, outfile, fps=10, box=(80, 280, 150, 330))
assert report.frames == 5 and outfile.stat().st_size
assert dict(os.environ) == before
# which alone sets up signals, the environment and malloc
assert "lipsync.command.starting" not in sys.modules
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of packages into which the clone was installed, without a network."""
    folder = tmp_path_factory.mktemp("installed") / "site"
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", folder]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *words, ROOT]
    subprocess.run(pip, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": ""})
    return folder


@pytest.fixture
def installed(site, tmp_path):
    """Run a program, or Python, in an empty folder, away from the clone."""
    folder = tmp_path / "empty"
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run(program, *words):
        start = [sys.executable, *([site / "bin" / program] if program else [])]
        ended = subprocess.run(
            [*start, *map(str, words)], cwd=folder, env=env, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def modules(site):
    """The syntax tree of every installed module."""
    return {path: ast.parse(path.read_bytes()) for path in (site / "lipsync").rglob("*.py")}


def test_the_site_gets_one_package(site):
    names = {path.name.split("-")[0] for path in site.iterdir()} - {"bin"}
    assert names == {"lipsync", "lipsync_fast"}
    assert {path.name for path in (site / "bin").iterdir()} == {
        "lipsync",
        "lipsync-hd",
        "lipsync-batch",
        "lipsync-story",
        "lipsync-serve",
    }


def test_nothing_is_left_in_the_clone(site):
    assert [*ROOT.glob("build"), *ROOT.glob("*.egg-info"), *ROOT.glob("dist")] == []


def test_every_file_of_the_rooms_comes_along(site):
    expected = {
        path.relative_to(ROOT)
        for room in build.ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    demo = {Path("demo", name) for name in ("portrait.png", "speech.m4a", "speech.txt")}
    assert {Path("faces", "weights", "LICENSE-APACHE-2.0.txt")} < expected
    assert {path for path in expected | demo if not (site / "lipsync" / path).is_file()} == set()
    assert (site / "lipsync" / "py.typed").is_file()


def test_every_room_is_installed():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders - {"benchmarks", "tests"} == set(build.ROOMS)


def test_no_import_of_a_room_is_left(modules):
    nodes = [node for tree in modules.values() for node in ast.walk(tree)]
    imported = [
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    ]
    imported += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name.split(".")[0] in build.ROOMS] == []
    assert any(name.startswith("lipsync.base.") for name in imported)


def test_no_name_of_a_module_is_left_in_a_string(modules):
    """`import_module` and programs for `python -c` would look for the clone's modules."""
    strings = [
        (path.name, node.value)
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value != "speech.m4a"  # the demo's sound
    ]
    assert [s for s in strings if MODULE_NAME.fullmatch(s[1]) or IMPORT.search(s[1])] == []


def test_the_demo_can_be_checked_in_an_empty_folder(installed):
    ended = installed("lipsync", "--demo", "--check", "--progress", "json", "--no_cache")
    assert '"event": "check"' in ended.stdout and "portrait.png" in ended.stdout
    assert list(installed.folder.iterdir()) == []


def test_the_hd_program_has_its_own_default(installed):
    ended = installed("lipsync-hd", "--demo", "--check", "--progress", "json", "--no_cache")
    assert '"blend_method": "hd"' in ended.stdout


@pytest.mark.slow
def test_a_batch_starts_its_workers(installed, tmp_path):
    sound = make_sound(tmp_path / "sound.wav", seconds=0.5)
    face = ROOT / "demo" / "portrait.png"
    words = ["--box", 80, 280, 150, 330, "--fps", 10, "--out_dir", "out", "--no_cache"]
    installed("lipsync-batch", "--face", face, "--audio", sound, *words)
    assert (installed.folder / "out" / "portrait_sound.mp4").stat().st_size
    assert "portrait_sound" in (installed.folder / "out" / "summary.html").read_text()


@pytest.mark.slow
def test_another_program_calls_it(installed, tmp_path):
    sound = make_sound(tmp_path / "sound.wav", seconds=0.5)
    ended = installed(None, "-c", EMBEDDED, ROOT / "demo" / "portrait.png", sound)
    assert ended.stderr == ""
    assert not {room for room in build.ROOMS if f" {room}." in ended.stdout}


@pytest.mark.slow
def test_a_plug_in_adds_to_the_installed_command(site, tmp_path):
    """The sample of docs/plugins, in a folder of its own beside the wheel's."""
    sample = shutil.copytree(ROOT / "docs" / "plugins" / "sample", tmp_path / "sample")
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--target", tmp_path / "more"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *words, sample]
    subprocess.run(pip, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": ""})
    path = os.pathsep.join((str(site), str(tmp_path / "more")))
    env = {**os.environ, "PYTHONPATH": path, "COLUMNS": "400"}
    for flag in ("--help", "--models"):
        program = [sys.executable, site / "bin" / "lipsync", flag]
        told = subprocess.run(program, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert told.returncode == 0 and "halves" in told.stdout and "vignette" in told.stdout


REWRITTEN = {
    "from audio.load import load": "from lipsync.audio.load import load",
    "from batch import journal": "from lipsync.batch import journal",
    "import base.locks as locks, os": "import lipsync.base.locks as locks, os",
    "import os, base.locks as locks": "import os, lipsync.base.locks as locks",
    "def f():\n    from video import yuv; from faces import sfd": (
        "def f():\n    from lipsync.video import yuv; from lipsync.faces import sfd"
    ),
    "from base.geometry import (\n    Box,\n    Rect,\n)": (
        "from lipsync.base.geometry import (\n    Box,\n    Rect,\n)"
    ),
    "é = 'é'; from base import text": "é = 'é'; from lipsync.base import text",
    "from \\\n base import text": "from lipsync.\\\n base import text",
    "from  base import text\r\nx = 1\r\n": "from  lipsync.base import text\r\nx = 1\r\n",
    "from audioop import add": "from audioop import add",
    "from os.path import base": "from os.path import base",
    "x = 'from base import y'  # from base import y": (
        "x = 'from base import y'  # from base import y"
    ),
    "base = 1\nfrom os import path as base": "base = 1\nfrom os import path as base",
}


@each(("source", "expected"), REWRITTEN.items())
def test_imports_are_rewritten_and_nothing_else(source, expected):
    rewritten = build.with_package(source.encode())
    assert rewritten.decode() == expected and ast.parse(rewritten)


def test_an_import_that_cannot_be_rewritten_is_told():
    """It would bind the room's name."""
    with pytest.raises(SyntaxError, match="line 2"):
        build.with_package(b"import os\nimport base.locks")


def requirements(name):
    return re.findall(r"^[a-z].+$", (ROOT / name).read_text(), re.MULTILINE)


def test_the_requirements_are_the_wheels(site):
    """One list; the pins are exact; torch is an extra."""
    (metadata,) = site.glob("*.dist-info/METADATA")
    wanted = re.findall(r"^Requires-Dist: (.+)$", metadata.read_text(), re.MULTILINE)
    listed = requirements("requirements.txt")
    assert [line for line in wanted if "extra ==" not in line] == listed
    assert all("==" in line for line in listed)
    with_torch = [line.split(";")[0] for line in wanted if line.endswith('extra == "torch"')]
    assert with_torch == requirements("requirements-torch.txt")
    assert "torch==2.13.0" in with_torch and "torch==2.13.0" not in listed
