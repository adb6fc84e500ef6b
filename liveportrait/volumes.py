"""ONNX's GridSample on volumes, which OpenVINO lacks: built of what it has.

Linear, zeros outside, either kind of corners; pictures are left to OpenVINO's own.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from base.openvino import ops, ov, read_onnx

AXES = 3  # of a volume: depth, height, width; a grid's numbers come as x, y, z


def read_network(path: Path) -> ov.Model:
    """Read an ONNX file; RuntimeError where OpenVINO cannot."""
    return read_onnx(path, {"GridSample": _converted})


def _converted(node: Any) -> list[ov.Output]:  # noqa: ANN401  a node of the ONNX graph
    data, grid = node.get_input(0), node.get_input(1)
    mode = str(node.get_attribute("mode", "bilinear"))
    padding = str(node.get_attribute("padding_mode", "zeros"))
    corners = bool(node.get_attribute("align_corners", 0))
    if data.get_partial_shape().rank.get_length() == 4:
        names = {"linear": "bilinear", "cubic": "bicubic"}
        attributes = {"align_corners": corners, "mode": names.get(mode, mode)}
        sampled = ops.grid_sample(data, grid, {**attributes, "padding_mode": padding})
        return [sampled.output(0)]
    if mode not in ("bilinear", "linear") or padding != "zeros":
        raise RuntimeError(f"a volume sampled by {mode} with {padding} outside")
    return [sample_volume(data, grid, corners).output(0)]


def sample_volume(data: ov.Output, grid: ov.Output, corners: bool) -> ov.Node:
    """(n, channels, d, h, w) read at (n, d', h', w', 3) in -1..1 -> (n, channels, d', h', w')."""
    sides = _sides(data)
    place = _in_voxels(grid, sides, corners)  # (n, d', h', w', 3)
    floor = ops.floor(place)
    part = ops.subtract(place, floor)
    flat = ops.transpose(ops.reshape(data, [0, 0, -1], True), [0, 2, 1])  # (n, voxels, channels)
    total = None
    for corner in product((0, 1), repeat=AXES):
        at = ops.add(floor, np.array(corner, np.float32))
        weight = ops.multiply(_weight(part, corner), _inside(at, sides))
        value = ops.multiply(_gathered(flat, at, sides), ops.unsqueeze(weight, -1))
        total = value if total is None else ops.add(total, value)
    return ops.transpose(total, [0, 4, 1, 2, 3])


def _sides(data: ov.Output) -> ov.Node:
    """Width, height and depth as numbers of the data's own kind."""
    shape = ops.convert(ops.shape_of(data), "f32")
    return ops.gather(shape, np.array([4, 3, 2]), 0)


def _in_voxels(grid: ov.Output, sides: ov.Node, corners: bool) -> ov.Node:
    one, half = np.float32(1), np.float32(0.5)
    if corners:
        return ops.multiply(ops.multiply(ops.add(grid, one), half), ops.subtract(sides, one))
    scaled = ops.multiply(ops.add(grid, one), sides)
    return ops.multiply(ops.subtract(scaled, one), half)


def _weight(part: ov.Node, corner: tuple[int, ...]) -> ov.Node:
    """Of one of the eight voxels around a place."""
    far = np.array(corner, np.float32)
    shares = ops.add(ops.multiply(part, 2 * far - 1), 1 - far)
    return ops.reduce_prod(shares, np.array([-1]), False)


def _inside(at: ov.Node, sides: ov.Node) -> ov.Node:
    """1 for a voxel that is there, 0 for one outside."""
    there = ops.logical_and(ops.greater_equal(at, np.float32(0)), ops.less(at, sides))
    return ops.convert(ops.reduce_logical_and(there, np.array([-1]), False), "f32")


def _gathered(flat: ov.Node, at: ov.Node, sides: ov.Node) -> ov.Node:
    """The voxels' channels, of any voxel where it lies outside: (n, d', h', w', channels)."""
    last = ops.subtract(sides, np.float32(1))
    kept = ops.maximum(ops.minimum(at, last), np.float32(0))
    width = ops.gather(sides, np.array([0]), 0)
    slice_size = ops.multiply(width, ops.gather(sides, np.array([1]), 0))
    steps = ops.concat([np.array([1], np.float32), width, slice_size], 0)
    index = ops.reduce_sum(ops.multiply(kept, steps), np.array([-1]), False)
    return ops.gather(flat, ops.convert(index, "i32"), 1, 1)
