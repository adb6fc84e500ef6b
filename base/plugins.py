"""What other installed packages add, by the entry points of their metadata.

importlib.metadata takes a tenth of a second to import, longer than all that --help needs: the files
are read here as they lie. A plug-in's module is imported only when it is asked for.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from base.errors import EngineError, LipSyncError

PREFIX = "lipsync."
GROUPS = ("generators", "detectors", "blenders", "stages", "voices")
MAX_BYTES = 1 << 20  # of an entry_points.txt
METADATA = (".dist-info", ".egg-info")
TARGET = re.compile(r"[\w.]+:[\w.]+")
NAME = re.compile(r"[A-Za-z]\w{0,39}")  # as a flag's value


@dataclass(frozen=True)
class Plugin:
    """Something that a package adds."""

    group: str  # one of GROUPS
    name: str
    target: str  # module:attribute
    package: str  # its name and version


def plugins(group: str) -> tuple[Plugin, ...]:
    """The plug-ins of a group; of two with one name the first on the path."""
    if group not in GROUPS:
        raise ValueError(f"no plug-ins are called {group}")
    found: dict[str, Plugin] = {}
    for plugin in all_plugins():
        if plugin.group == group:
            found.setdefault(plugin.name, plugin)
    return tuple(found.values())


def plugin_names(group: str) -> tuple[str, ...]:
    return tuple(plugin.name for plugin in plugins(group))


def load_plugin(group: str, name: str) -> Callable[..., Any]:
    """What the plug-in offers; EngineError naming its package if it cannot be loaded."""
    plugin = next((plugin for plugin in plugins(group) if plugin.name == name), None)
    if plugin is None:
        raise EngineError(f"no plug-in of {PREFIX}{group} is called {name}: see --models")
    return loaded(plugin)


def package_of(group: str, name: str) -> str:
    """The package that a plug-in comes from."""
    return next((plugin.package for plugin in plugins(group) if plugin.name == name), "no package")


def loaded(plugin: Plugin) -> Callable[..., Any]:
    """Import it; whatever its package raises is an EngineError."""
    module, _, attributes = plugin.target.partition(":")
    with plugin_errors(plugin.name, plugin.package):
        value: Any = importlib.import_module(module)
        for attribute in attributes.split("."):
            value = getattr(value, attribute)
        if not callable(value):
            raise TypeError(f"{plugin.target} cannot be called")
        return value  # type: ignore[no-any-return]


@contextmanager
def plugin_errors(name: str, package: str) -> Iterator[None]:
    """Any error of a plug-in's own code becomes an EngineError that names its package."""
    try:
        yield
    except (LipSyncError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise EngineError(
            f"the plug-in {name} of {package} fails: {reason}; mend or remove that package"
        ) from error


def all_plugins() -> tuple[Plugin, ...]:
    """Every plug-in of the packages on Python's path, in its order."""
    return _plugins_on(tuple(sys.path))


@lru_cache(maxsize=8)
def _plugins_on(places: tuple[str, ...]) -> tuple[Plugin, ...]:
    return tuple(
        plugin
        for place in places
        for folder in _metadata_folders(place)
        for plugin in _plugins_in(folder)
    )


def _metadata_folders(place: str) -> list[Path]:
    with suppress(OSError, ValueError):
        names = (entry.name for entry in os.scandir(place or os.curdir))
        return [Path(place, name) for name in sorted(names) if name.endswith(METADATA)]
    return []


def _plugins_in(folder: Path) -> Iterator[Plugin]:
    """Those of one package; names that no program could be meant by are left out."""
    text = ""
    with suppress(OSError, ValueError), (folder / "entry_points.txt").open("rb") as file:
        text = file.read(MAX_BYTES).decode()
    group = ""
    for line in text.splitlines() if f"[{PREFIX}" in text else ():
        line = line.strip()
        if line.startswith("["):
            group = line.strip("[]").strip()
            continue
        name, _, target = (part.strip() for part in line.partition("="))
        known = group.removeprefix(PREFIX) in GROUPS and group.startswith(PREFIX)
        if known and NAME.fullmatch(name) and TARGET.fullmatch(target):
            yield Plugin(group.removeprefix(PREFIX), name, target, _package(folder))


def _package(folder: Path) -> str:
    """The package's name and version, from its folder's name."""
    name, _, version = folder.name.rpartition(".")[0].partition("-")
    return f"{name} {version}".strip()
