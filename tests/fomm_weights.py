"""Weights of First Order Motion: of the reference case, and a few numbers that move a picture.

The second kind sees three dots, pure red, green and blue, and moves the whole picture, at a quarter
of its sharpness, as the red one moves. Its file is small, since zeros are stored once.
"""

import numpy as np
import torch

from tests.filled_weights import filled_weights
from tests.model_files import layout

PARTS = ("generator", "kp_detector")
POINTS = 10
SHARP = 1.0  # of the logits: a dot counts, with its soft edge
NORMS = ("norm.weight", "norm1.weight", "norm2.weight", "running_var")


def part_layout(part):
    """(name inside the part, shape) of each of its tensors."""
    outer = f"{part}."
    shapes = layout("fomm").items()
    return [(name.removeprefix(outer), shape) for name, shape in shapes if name.startswith(outer)]


def gaussian():
    """(3, 1, 13, 13), sigma 1.5, sum 1."""
    line = np.exp(-(np.arange(-6, 7) ** 2) / (2 * 1.5**2))
    plane = np.outer(line, line) / line.sum() ** 2
    return np.broadcast_to(plane, (3, 1, 13, 13)).astype(np.float32)


def reference_weights(part):
    """By the rule that the reference case was computed with."""
    tensors = filled_weights(part_layout(part), _gain)
    for name in tensors:
        if name.endswith("down.weight"):
            tensors[name] = gaussian()
    if part == "kp_detector":
        tensors["jacobian.bias"] += np.tile(np.eye(2, dtype=np.float32).ravel(), POINTS)
    return tensors


def _gain(name):
    gains = {"final.weight": 6, "jacobian.weight": 0.25, "kp.weight": 2}
    motion = ("dense_motion_network.mask.weight", "dense_motion_network.occlusion.weight")
    return gains.get(name, 2 if name in motion else 0.5 if name.startswith("bottleneck.") else 1.4)


def moving_weights(part):
    tensors = {name: _flat(name, shape) for name, shape in part_layout(part)}
    made = _moving_generator() if part == "generator" else _moving_detector()
    assert set(made) <= set(tensors)
    return tensors | made


def save_moving(path, legacy=False, **changed):
    """A file as the published one; `changed` tensors by part, None for one that is left out."""
    content = {part: moving_weights(part) | changed.get(part, {}) for part in PARTS}
    content = {part: _there(tensors) for part, tensors in content.items()}
    content |= {"epoch": 99, "optimizer_generator": {"state": {0: {"step": 1}}, "param_groups": []}}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def _there(tensors):
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _flat(name, shape):
    """0, or 1 for what norms multiply with; in the room of one number."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(1)
    return torch.full((1,), float(name.endswith(NORMS))).expand(shape)


def _moving_detector():
    kp = torch.zeros(POINTS, 35, 7, 7)
    for point in range(POINTS):  # its own colour less the two others
        kp[point, 32:, 3, 3] = SHARP * (2 * torch.eye(3)[point % 3] - 1)
    return {
        "kp.weight": kp,
        "jacobian.bias": torch.eye(2).ravel().repeat(POINTS),
        "down.weight": torch.from_numpy(gaussian()),
    }


def _moving_generator():
    """The picture's channels pass in the first three; every pixel moves with the first point."""
    mask = torch.zeros(POINTS + 1)
    mask[1] = 50
    return {
        "dense_motion_network.mask.bias": mask,
        "dense_motion_network.occlusion.bias": torch.tensor([20.0]),
        "dense_motion_network.down.weight": torch.from_numpy(gaussian()),
        "first.conv.weight": _passing(64, 3, 7),
        "down_blocks.0.conv.weight": _passing(128, 64, 3),
        "down_blocks.1.conv.weight": _passing(256, 128, 3),
        "up_blocks.0.conv.weight": _passing(128, 256, 3),
        "up_blocks.1.conv.weight": _passing(64, 128, 3),
        "final.weight": 8 * _passing(3, 64, 7),  # before the sigmoid
        "final.bias": torch.full((3,), -4.0),
    }


def _passing(outputs, inputs, kernel):
    weight = torch.zeros(outputs, inputs, kernel, kernel)
    for channel in range(3):
        weight[channel, channel, kernel // 2, kernel // 2] = 1
    return weight
