"""Build a wheel with the whole tree inside one package; pyproject.toml holds everything else.

At the top of the clone the rooms import each other as `audio` or `video`. Installed under those
names they would meet other people's packages, so the wheel holds them as `lipsync.audio` and so on,
and their imports are rewritten on the way.
"""

import ast
import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup  # type: ignore[import-untyped]
from setuptools.command.build_py import build_py  # type: ignore[import-untyped]

PACKAGE = "lipsync"
ROOMS = (
    *("base", "audio", "speech", "subtitles", "video", "faces", "blending", "tensors"),
    *("networks", "liveportrait", "sadtalker", "fomm", "diff2lip", "puppet", "wav2lip", "models"),
    *("quality", "stages", "options", "pipeline", "workers", "command", "batch", "service", "web"),
)
ROOT = Path(__file__).parent
FROM = re.compile(rb"from[ \t]+")


def with_package(source: bytes) -> bytes:
    """Return the module's source with every import of a room moved into PACKAGE."""
    lines = source.splitlines(keepends=True)
    # from the end of the file, so that no position moves before it is used
    for line, column in sorted(import_positions(ast.parse(source), lines), reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + PACKAGE.encode() + b"." + text[column:]
    return b"".join(lines)


def import_positions(tree: ast.AST, lines: list[bytes]) -> Iterator[tuple[int, int]]:
    """Yield line and byte column of every room's name in an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and is_room(node.module or ""):
            start = FROM.match(lines[node.lineno - 1], node.col_offset)
            assert start is not None  # ast says that the statement begins here
            yield node.lineno, start.end()
        if isinstance(node, ast.Import):
            for name in node.names:
                if is_room(name.name):
                    yield alias_position(name)


def alias_position(name: ast.alias) -> tuple[int, int]:
    """Return line and byte column; without `as` the import would bind the room's own name."""
    if name.asname is None:
        raise SyntaxError(f"line {name.lineno}: 'import {name.name}' needs 'as'; or use 'from'")
    return name.lineno, name.col_offset


def is_room(module: str) -> bool:
    return module.split(".")[0] in ROOMS


class BuildRooms(build_py):  # type: ignore[misc]  # setuptools has no types
    """Copies the rooms into PACKAGE; `lipsync.py` becomes the package's own module."""

    def run(self) -> None:
        if self.editable_mode:
            raise SystemExit("error: not editable: the programs run from the clone as they are")
        super().run()
        Path(self.build_lib, PACKAGE, "py.typed").touch()

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        if package == PACKAGE:
            return [(PACKAGE, "__init__", f"{PACKAGE}.py")]
        modules: list[tuple[str, str, str]] = super().find_package_modules(package, package_dir)
        return modules

    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool]:
        path, copied = super().build_module(module, module_file, package)
        Path(path).write_bytes(with_package(Path(path).read_bytes()))
        return path, copied


def folders() -> list[str]:
    """Return every folder of code in the rooms, from the top of the clone."""
    inits = (path for room in ROOMS for path in (ROOT / room).rglob("__init__.py"))
    return sorted(".".join(path.parent.relative_to(ROOT).parts) for path in inits)


def data_files(folder: str) -> list[str]:
    """Return the files of a folder that are not code, and those of folders in it without code."""
    root = ROOT.joinpath(*folder.split("."))
    below = (path for path in root.iterdir() if path.is_dir() and not any(path.glob("*.py*")))
    files = [path for place in (root, *below) for path in place.iterdir() if path.is_file()]
    return sorted(path.relative_to(root).as_posix() for path in files if path.suffix != ".py")


def scratch_folder() -> str:
    """Return a folder that is removed at the end: nothing stays in the clone, nothing gets old."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


if __name__ == "__main__":
    scratch = scratch_folder()
    setup(
        cmdclass={"build_py": BuildRooms},
        packages=[PACKAGE, *(f"{PACKAGE}.{folder}" for folder in folders())],
        package_dir={PACKAGE: "."},
        package_data={
            PACKAGE: [f"demo/{name}" for name in data_files("demo")],
            **{f"{PACKAGE}.{folder}": data_files(folder) for folder in folders()},
        },
        options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
    )
