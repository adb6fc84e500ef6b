"""Which weights a run uses: a flag beats a variable of the environment, which beats a folder."""

from pathlib import Path

from base.errors import EngineError
from models.kinds import ENHANCERS
from models.search import VARIABLES, find_model, is_folder, model_of, named_by
from wav2lip.checkpoint import find_checkpoint

WAV2LIP, GFPGAN = "WAV2LIP_CKPT", "GFPGAN_CKPT"


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


def find_enhancer() -> Path | None:
    """Weights that restore a face, by GFPGAN_CKPT or in the folder of MODEL_ROOT."""
    named_file(GFPGAN)
    model = find_model(ENHANCERS, GFPGAN)
    return None if model is None else model.path


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
