"""Imports point down only, without circles; rooms stay small. One pass over all files."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# From the bottom up; a room may import from the floors below its own, and from itself.
FLOORS = (
    {"base"},
    {"audio", "speech", "subtitles", "video", "faces", "blending", "tensors"},
    {"networks"},
    {"liveportrait", "puppet", "sadtalker", "fomm", "diff2lip"},
    {"wav2lip", "models", "quality", "stages"},
    {"options"},
    {"pipeline"},
    {"workers"},
    {"command"},
    {"batch"},
    {"service"},
    {"web"},
    {
        *("inference_fast", "inference_hd_fast", "inference_batch", "inference_story"),
        *("inference_serve", "lipsync", "benchmarks"),
    },
)
ROOMS = set().union(*FLOORS)
MOST_FILES = 25  # in a folder
TORCH = (
    *("wav2lip", "networks", "sadtalker", "fomm", "diff2lip", "stages.torch_networks"),
    *(
        "benchmarks.lse",
        "benchmarks.precision.training",
        "benchmarks.enhance.architectures",
        "benchmarks.networks.parts",
    ),
)
PRINTING = ("command.display", "batch.cli", "batch.story_run", "benchmarks.")


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree):
    """Every module that is imported, at the top of the file or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module")
def trees():
    """The parsed files of every room, by the module's name."""
    paths = [path for room in ROOMS for path in [ROOT / f"{room}.py", *(ROOT / room).rglob("*.py")]]
    return {module(path): ast.parse(path.read_text()) for path in paths if path.exists()}


@pytest.fixture(scope="module")
def imports(trees):
    return {name: set(imported(tree)) for name, tree in trees.items()}


def room_of(name):
    return name.split(".")[0]


def floor_of(name):
    return next(number for number, rooms in enumerate(FLOORS) if room_of(name) in rooms)


def test_every_folder_of_code_is_on_a_floor():
    folders = {path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("*/__init__.py")}
    assert folders == {room for room in ROOMS if (ROOT / room).is_dir()}


def test_imports_point_down(imports):
    wrong = [
        (name, target)
        for name, targets in imports.items()
        for target in targets
        if room_of(target) in ROOMS | {"tests"}
        and room_of(target) != room_of(name)
        and (room_of(target) == "tests" or floor_of(target) >= floor_of(name))
    ]
    assert wrong == []


def test_imports_are_absolute(imports):
    assert [
        name for name, targets in imports.items() if any(t.startswith(".") for t in targets)
    ] == []


def test_no_modules_import_each_other_in_a_circle(imports):
    """Not even inside functions, or for types alone."""
    needed = {name: targets & set(imports) - {name} for name, targets in imports.items()}
    for package in [name for name in needed if (ROOT / name.replace(".", "/")).is_dir()]:
        needed[package] = set()  # a package's own file is loaded before what lies in it
    while ready := [name for name, others in needed.items() if not others & set(needed)]:
        for name in ready:
            del needed[name]
    assert needed == {}


def test_torch_is_imported_by_the_network_alone(imports):
    users = {name for name, targets in imports.items() if "torch" in map(room_of, targets)}
    assert [name for name in sorted(users) if not name.startswith(TORCH)] == []


def test_openvino_is_imported_in_one_place(imports):
    """Elsewhere its telemetry would wake."""
    users = {name for name, targets in imports.items() if "openvino" in map(room_of, targets)}
    assert users == {"base.openvino"}


def test_only_the_programs_print(trees):
    printing = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert [name for name in sorted(printing) if not name.startswith(PRINTING)] == []


def test_folders_stay_small():
    files = defaultdict(int)
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            files[path.parent.relative_to(ROOT).as_posix()] += 1
    assert {folder: count for folder, count in files.items() if count > MOST_FILES} == {}


def test_few_python_files_lie_beside_the_programs():
    programs = {f"inference_{kind}.py" for kind in ("fast", "hd_fast", "batch", "story", "serve")}
    assert len({path.name for path in ROOT.glob("*.py")} - programs) <= 3
