"""Makes checkpoints as they are found in the wild, and things that are taken for one.

`ruled_weights` are the whole network's, 145 MB. `flat_weights` have its layout, too, but every
tensor repeats one number, so torch's own formats store them in a few kilobytes.
"""

import json
import os
import pickle
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.material.weights import random_tensor
from tests.onnx_writer import onnx_of
from wav2lip import folding
from wav2lip.network import Wav2Lip, fold_norms

LAYOUT = Path(__file__).parent / "wav2lip" / "data" / "network_layout.jsonl"


def layout():
    """(name, shape, dtype) of every tensor, in order."""
    return [tuple(json.loads(line)) for line in LAYOUT.read_text().splitlines()]


def ruled_weights():
    """Weights that the reference output was made with: each is drawn after its own name."""
    return {
        name: torch.from_numpy(random_tensor(name, tuple(shape))) for name, shape, _ in layout()
    }


def flat_weights(value=0.01, precision=None):
    """`precision`: of what is no whole number, if not the layout's float32."""
    return {
        name: torch.full((1,), value)
        .to(precision if precision and dtype == "float32" else getattr(torch, dtype))
        .expand(shape or (1,))
        .view(shape)
        for name, shape, dtype in layout()
    }


def network_of(weights):
    with torch.device("meta"):
        network = Wav2Lip()
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def folded(weights):
    """Weights and biases as the engines take them, without norms."""
    return folding.fold_norms({name: value.numpy() for name, value in weights.items()})


def save_classic(weights, path):
    """As the original's training wrote them: before torch 1.6, on a GPU, with the optimizer."""
    moments = {0: {"step": np.float64(3.0), "exp_avg": torch.zeros(2)}}
    classic = {
        "state_dict": OrderedDict((f"module.{name}", value) for name, value in weights.items()),
        "optimizer": {"state": moments, "param_groups": [{"lr": 1e-4, "params": [0]}]},
        "global_step": np.int64(5),
        "global_epoch": 1,
    }
    torch.save(classic, path, _use_new_zipfile_serialization=False)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"X\x03\0\0\0cpu", b"X\x06\0\0\0cuda:0"))
    return path


def save_bare(weights, path):
    """The state dict alone."""
    torch.save(dict(weights), path)
    return path


def save_torchscript(weights, path):
    """As the original's page links to today."""
    inputs = torch.zeros(1, 1, 80, 16), torch.zeros(1, 6, 96, 96)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather have another format written
        torch.jit.trace(network_of(weights), inputs, check_trace=False).save(str(path))
    return path


def save_safetensors(weights, path):
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in weights.items()}, path)
    return path


def save_onnx(weights, path, frames="n"):
    """As other tools export it; `frames` at once, a name for any number."""
    path.write_bytes(onnx_of(fold_norms(network_of(weights)), frames))
    return path


class Trap:
    """Once unpickled without care, the folder `path` is there."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def save_malicious(path, trace, how="zip"):
    """A checkpoint that makes the folder `trace` when it is read by unrestricted unpickling."""
    evil = {"state_dict": Trap(trace), "weight": torch.zeros(3)}
    if how == "torchscript":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(evil["state_dict"], 2))
            archive.writestr("archive/constants.pkl", pickle.dumps((), 2))
    elif how == "pickle":
        path.write_bytes(pickle.dumps(evil["state_dict"]))
    else:
        torch.save(evil, path, _use_new_zipfile_serialization=how == "zip")
    return path


def save_other_network(path):
    torch.save(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).state_dict(), path)
    return path


def save_web_page(path):
    path.write_text("\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>\n" * 600)
    return path


def save_cut_off(whole, path, left=0.6):
    """The first part of another checkpoint."""
    raw = whole.read_bytes()
    path.write_bytes(raw[: int(len(raw) * left)])
    return path
