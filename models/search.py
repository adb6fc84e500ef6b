"""Where models lie: named by a flag, by a variable of the environment, or in a folder."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from models.kinds import ENHANCERS, KINDS, LIVEPORTRAIT, SADTALKER, UPSCALERS
from models.recognition import recognize
from tensors.headers import DAMAGED
from tensors.unpickling import UnknownOperationError

ROOT_VARIABLE = "MODEL_ROOT"
VARIABLES: Mapping[str, Sequence[str]] = {  # and the kinds that each is for
    "WAV2LIP_CKPT": ("wav2lip",),
    "GFPGAN_CKPT": ENHANCERS,
    "REALESRGAN_CKPT": UPSCALERS,
    "LIVEPORTRAIT_DIR": LIVEPORTRAIT,
    "SADTALKER_CKPT_DIR": SADTALKER,
    "FOMM_CKPT_DIR": ("fomm",),
    "DIFF2LIP_CKPT_DIR": ("diff2lip",),
}
MOST_FILES = 500  # of a folder that are looked into
MOST_DEEP = 3  # folders in folders
SMALLEST = 1024  # bytes of a model


@dataclass(frozen=True)
class Model:
    """A file of a model, through what it was found, and what it is."""

    path: Path
    through: str  # a flag, a variable, or a folder
    kind: str | None  # one of KINDS; none: it is no model, or cannot be read
    details: tuple[str, ...] = ()


def missing_for(model: Model) -> str | None:
    """What is missing to run a model that a flag takes; None if nothing is."""
    if model.kind is None or "ONNX" in model.details:
        return None
    if KINDS[model.kind].onnx_only:
        return "ONNX only"
    needs_spandrel = model.kind in (*ENHANCERS, *UPSCALERS)
    return "needs spandrel" if needs_spandrel and find_spec("spandrel") is None else None


def named_by(variable: str) -> Path | None:
    """The file or folder that a variable of the environment names."""
    value = os.environ.get(variable, "")
    return Path(value) if value else None


def model_folders(checkpoints: Collection[Path] = ()) -> Iterator[tuple[str, Path]]:
    """The folders that are searched, and through what: the one of MODEL_ROOT first."""
    root = named_by(ROOT_VARIABLE)
    if root is not None:
        yield ROOT_VARIABLE, root
    for folder in checkpoints:
        if folder != root and is_folder(folder):
            yield "folder", folder


def find_model(kinds: Collection[str], variable: str) -> Model | None:
    """The first model of these kinds that can be run, by its variable or in MODEL_ROOT's folder."""
    places = [(variable, named_by(variable)), (ROOT_VARIABLE, named_by(ROOT_VARIABLE))]
    for through, place in places:
        if place is None:
            continue
        for model in models_at(place, through):
            if model.kind in kinds and missing_for(model) is None:
                return model
    return None


def models_at(place: Path, through: str) -> Iterator[Model]:
    """The models in a folder, or the one file that is named."""
    if not is_folder(place):
        yield model_of(place, through)
        return
    for path in islice(_files(place), MOST_FILES):
        model = model_of(path, through)
        if model.kind is not None or model.details:
            yield model


def model_of(path: Path, through: str) -> Model:
    """What the file is; a damaged one, or one that is not there, is no kind of model."""
    try:
        if not path.is_file():
            return Model(path, through, None, ("there is no such file",))
        found = recognize(path)
    except DAMAGED as error:
        return Model(path, through, None, (_reason(error),))
    if found is None:
        return Model(path, through, None)
    place = path.parent if found.kind == "whisper" else path
    return Model(place, through, found.kind, found.details)


def _reason(error: Exception) -> str:
    """Why a file could not be read."""
    if isinstance(error, UnknownOperationError):
        return "damaged, or holds more than weights, which is not run"
    return (isinstance(error, OSError) and error.strerror) or "damaged"


def is_folder(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    """Regular files that are large enough, in order; links to folders are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    folders = []
    for entry in entries:
        if entry.name.startswith("."):
            continue
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif entry.is_file() and entry.stat().st_size >= SMALLEST:
                yield Path(entry.path)
    if depth < MOST_DEEP:
        for inner in folders:
            yield from _files(inner, depth + 1)
