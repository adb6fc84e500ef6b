"""SadTalker's networks with weights that the rule fills, and the numbers they gave."""

from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch

from sadtalker.networks import Networks
from tests.filled_weights import filled_weights
from tests.model_files import layout

DATA = Path(__file__).parent / "sadtalker" / "data" / "networks"
FILE = Path("SadTalker.safetensors")  # that the weights would come from
CLOSE = 1e-4  # of an array's largest magnitude
BLUR = "kp_extractor.down.weight"  # fixed: the rule does not fill it
GAINS = {
    "generator.dense_motion_network.mask.weight": 25.0,
    "generator.dense_motion_network.occlusion.weight": 15.0,
    "kp_extractor.kp.weight": 4.0,
}
MAPPING_GAINS = {
    **{f"fc_{angle}.weight": 3.0 for angle in ("yaw", "pitch", "roll")},
    **{"fc_exp.weight": 0.15, "fc_t.weight": 0.15},
}


@cache
def case(name):
    """The arrays of a forward case."""
    with np.load(DATA / f"{name}.npz") as data:
        return dict(data)


def picture(name):
    """RGB in 0..1."""
    return cv2.imread(str(DATA / f"{name}.png"))[..., ::-1].astype(np.float32) / 255


def weights(part=""):
    """The tensors of the published file whose names begin so; all of them for none."""
    rows = [(name, shape) for name, shape in layout("sadtalker").items() if name.startswith(part)]
    tensors = filled_weights(rows, lambda name: GAINS.get(name, 1))
    if BLUR in tensors:
        tensors[BLUR] = case("key_points")["down_weight"]
    return tensors


def mapping_layout(coefficients):
    """Of the mapping that takes so many coefficients a frame."""
    rows = {key.removeprefix("mapping."): size for key, size in layout("sadtalker_mapping").items()}
    return rows | {"first.0.weight": (1024, coefficients, 7)}


def mapping_weights(coefficients):
    rows = mapping_layout(coefficients).items()
    return filled_weights(rows, lambda name: MAPPING_GAINS.get(name, 1))


def networks_with(size=256, **runs):
    """Networks of which only those that are named can run."""
    fields = dict.fromkeys(Networks.__dataclass_fields__) | {"size": size} | runs
    return Networks(**fields)


@contextmanager
def recorded(*modules):
    """What the modules give meanwhile, in the order of their ends."""
    made = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: made.append(output))
        for module in modules
    ]
    yield made
    for hook in hooks:
        hook.remove()


def assert_close(values, expected, at_most=CLOSE):
    values, expected = np.asarray(values), np.asarray(expected)
    assert values.shape == expected.shape
    assert np.abs(values - expected).max() <= at_most * np.abs(expected).max()


def assert_picture_close(values, expected):
    """But for the surroundings of a voxel.

    A motion's share under 1e-3 is nothing. Where one lies some 1e-9 from that limit, rounding
    decides, and a voxel and what is drawn around it are moved by up to 1e-3 of the picture. With
    one of a case (70 coefficients) on the other side, all of it lies within 2e-5.
    """
    assert values.shape == expected.shape
    differences = np.abs(values - expected)
    assert np.median(differences) <= CLOSE / 10
    assert np.quantile(differences, 0.95) <= CLOSE
    assert differences.max() <= 2e-3


def write_folder(folder, size=256):
    """The published files' names, with filled weights: 780 MB."""
    from safetensors.numpy import save_file

    save_file(weights(), folder / f"SadTalker_V0.0.2_{size}.safetensors")
    for number, coefficients in (("00109", 73), ("00229", 70)):
        tensors = mapping_weights(coefficients)
        state = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
        torch.save({"mapping": state, "epoch": 1}, folder / f"mapping_{number}-model.pth.tar")
    return folder
