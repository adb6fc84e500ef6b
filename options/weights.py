"""Which weights a run uses: a flag beats a variable of the environment, which beats a folder."""

from collections.abc import Iterator
from pathlib import Path

from base.errors import EngineError
from models.kinds import ENHANCERS
from models.search import (
    VARIABLES,
    Model,
    find_model,
    is_folder,
    model_folders,
    model_of,
    models_at,
    named_by,
)
from tensors.files import detect_format
from wav2lip.checkpoint import checkpoint_folders, find_checkpoint

WAV2LIP, GFPGAN = "WAV2LIP_CKPT", "GFPGAN_CKPT"
SADTALKER, FOMM, DIFF2LIP = "SADTALKER_CKPT_DIR", "FOMM_CKPT_DIR", "DIFF2LIP_CKPT_DIR"
DIFF2LIP_WAY_OUT = "get Diff2Lip's checkpoint"


def find_wav2lip(flag: Path | None) -> Path | None:
    """Weights of Wav2Lip, once their format is known; None if there are none.

    A file of a known name comes before one that holds them under any other.
    """
    if flag is not None:
        return find_checkpoint(flag)
    path = named_by(WAV2LIP)
    if path is not None and not is_folder(path):
        try:
            return find_checkpoint(path)
        except EngineError as error:
            raise EngineError(f"{WAV2LIP} in the environment: {error}") from error
    found = find_checkpoint(None)
    if found is not None:
        return found
    model = find_model(("wav2lip",), WAV2LIP)
    return None if model is None else model.path


def find_diff2lip(flag: Path | None) -> Path:
    """Weights of Diff2Lip, which the flag may name; EngineError if there are none."""
    if flag is not None:
        detect_format(flag, DIFF2LIP_WAY_OUT)
        return flag
    named_file(DIFF2LIP)
    model = find_model(("diff2lip",), DIFF2LIP) or _in_folders("diff2lip")
    if model is None:
        folders = " or ".join(map(str, checkpoint_folders()))
        raise EngineError(
            f"--engine diff2lip needs Diff2Lip's weights: name them with --checkpoint_path or"
            f" {DIFF2LIP}, or put them into {folders}"
        )
    return model.path


def _in_folders(kind: str) -> Model | None:
    """The first model of the kind in the folders of checkpoints."""
    for through, folder in model_folders(checkpoint_folders()):
        for model in models_at(folder, through):
            if model.kind == kind:
                return model
    return None


def find_enhancer() -> Path | None:
    """Weights that restore a face, by GFPGAN_CKPT or in the folder of MODEL_ROOT."""
    named_file(GFPGAN)
    model = find_model(ENHANCERS, GFPGAN)
    return None if model is None else model.path


def find_sadtalker() -> Path:
    """The folder of SadTalker's networks: by SADTALKER_CKPT_DIR, or in a folder of models.

    A folder that the variable names is the answer also where nothing of SadTalker's is in it.
    """
    if (path := named_file(SADTALKER)) is not None:
        return path.parent
    named = named_by(SADTALKER)
    for model in _models_for(SADTALKER):
        if model.kind == "sadtalker":
            return model.path.parent
    if named is not None:
        return named
    raise EngineError(
        f"--animate sadtalker needs SadTalker's networks: {SADTALKER} names their folder"
    )


def find_fomm() -> Path:
    """First Order Motion's file, by FOMM_CKPT_DIR or in a folder; EngineError without one."""
    path = named_file(FOMM)
    if path is not None:
        return path
    damaged = ""
    for model in _models_for(FOMM):
        if model.kind == "fomm":
            return model.path
        if model.kind is None and not damaged:
            damaged = f"; {model.path}: {', '.join(model.details)}"
    where = named_by(FOMM) or "no folder of models"
    raise EngineError(
        f"--animate fomm needs First Order Motion's vox-cpk.pth.tar: {where} holds none"
        f" ({FOMM} names its file or folder){damaged}"
    )


def has_networks(kind: str, variable: str) -> bool:
    """Whether there are networks of this kind; EngineError for a variable that names another."""
    named_file(variable)
    return any(model.kind == kind for model in _models_for(variable))


def _models_for(variable: str) -> Iterator[Model]:
    """In the folder that the variable names, else in the folders of models."""
    named = named_by(variable)
    places = [(variable, named)] if named is not None else model_folders(checkpoint_folders())
    for through, folder in places:
        yield from models_at(folder, through)


def named_file(variable: str) -> Path | None:
    """The file that the variable names; EngineError if it is not what the variable is for.

    None where it names nothing, or a folder, which is searched.
    """
    path = named_by(variable)
    if path is None or is_folder(path):
        return None
    model = model_of(path, variable)
    if model.kind not in VARIABLES[variable]:
        what = ", ".join(model.details) if model.kind is None else f"it is {model.kind}"
        raise EngineError(f"{path}: {what or 'no model'}; {variable} names it: mend or unset it")
    return path
