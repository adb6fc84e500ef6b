"""Imports point down only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOOR_0 = {
    "cache_entries",
    "claims",
    "cores",
    "errors",
    "geometry",
    "openvino_core",
    "pauses",
    "prefetch",
}
ROOMS = {"audio", "video", "faces", "blending"}
ALLOWED = {  # package or module -> what of ours it may import
    "cache_entries": {"claims"},
    "claims": set(),
    "cores": set(),
    "errors": set(),
    "geometry": set(),
    "openvino_core": set(),
    "pauses": set(),
    "prefetch": set(),
    **{room: {room} | FLOOR_0 for room in ROOMS},
    "quality": {"quality"} | ROOMS | FLOOR_0,
    "wav2lip": {"wav2lip", "quality"} | ROOMS | FLOOR_0,
    "inference_fast": {"wav2lip.starting"},
    "benchmarks": {"benchmarks", "wav2lip", "quality"} | ROOMS | FLOOR_0,
    "inference_hd_fast": {"wav2lip.cli", "wav2lip.starting", "blending.hd"},
    "inference_batch": {"wav2lip.starting"},
    "batch": {"batch", "wav2lip", "quality.sheet"} | ROOMS | FLOOR_0,
}
OURS = set(ALLOWED) | {"tests"}
SHIPPED = [
    path
    for top in sorted(ALLOWED)
    for path in ([ROOT / f"{top}.py"] if "." not in top and (ROOT / f"{top}.py").exists() else [])
    + sorted((ROOT / top).rglob("*.py"))
]


def imported(path):
    """Every module that the file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_every_room_is_looked_at():
    assert {module(path).split(".")[0] for path in SHIPPED} == set(ALLOWED)


@pytest.mark.parametrize("path", SHIPPED, ids=module)
def test_imports_point_down(path):
    allowed = ALLOWED[module(path).split(".")[0]]
    for target in imported(path):
        if target.split(".")[0] in OURS:
            assert any(target == a or target.startswith(a + ".") for a in allowed), target


@pytest.mark.parametrize("path", SHIPPED, ids=module)
def test_torch_is_imported_in_wav2lip_alone(path):
    if module(path).split(".")[0] != "wav2lip":
        assert "torch" not in {target.split(".")[0] for target in imported(path)}


@pytest.mark.parametrize("path", SHIPPED, ids=module)
def test_openvino_is_imported_in_one_place(path):
    """Elsewhere its telemetry would wake."""
    if module(path) != "openvino_core":
        assert "openvino" not in {target.split(".")[0] for target in imported(path)}


@pytest.mark.parametrize("path", SHIPPED, ids=module)
def test_only_the_command_prints(path):
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    printing = ("wav2lip.display", "batch.cli", "benchmarks.")
    assert "print" not in names or module(path).startswith(printing)
