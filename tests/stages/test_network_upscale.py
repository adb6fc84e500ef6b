"""Frames enlarged by a network, in tiles that nobody sees."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import stages.network_upscale
from base.errors import EngineError
from base.geometry import Box, Landmarks
from faces.face import Face
from stages.network_upscale import tile_size
from stages.networks import pictures_of, region_of
from stages.stage import OutputFrame, StageScene, VideoFormat
from stages.upscale import UpscaleSettings, load_upscale
from tests.stages.picture_networks import (
    ANY,
    SHARP,
    compact,
    enlarging,
    onnx_file,
    rrdb,
    save_params,
)
from video.yuv import Frame, frame_from_planes, layout_of

BOX = Box(10.0, 50.0, 20.0, 60.0)
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


def soft(width, height, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 20, 235, cv2.NORM_MINMAX)


def frame_of(width, height, pix_fmt="yuv444p"):
    return Frame.of_picture(soft(width, height), pix_fmt)


def stage_for(path, frame, factor=2):
    scene = StageScene(VideoFormat(frame.width, frame.height, Fraction(25)), frame, still=False)
    return load_upscale(UpscaleSettings(factor, path), scene)


def enlarged(stage, frame):
    return next(iter(stage(iter([OutputFrame(0, frame, FACE)]))))


def as_planes(region, like):
    """The region's planes as a frame of its size has them."""
    height, width = region.shape[:2]
    rect = Box(0, height, 0, width).inside(width, height)
    return Frame.of_regions((width, height), like, [(rect, region)]).planes()


def difference(planes, others):
    return max(np.abs(a.astype(int) - b).max() for a, b in zip(planes, others, strict=True))


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(stages.network_upscale, "TILE", 96)


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv420p"])
@pytest.mark.parametrize(("width", "height"), [(230, 180), (331, 150), (64, 40)])
def test_tiled_equals_whole(small_tiles, tmp_path, width, height, pix_fmt):
    path = onnx_file(tmp_path / "a.onnx", enlarging(2), ANY, ANY)
    frame = frame_of(width, height, pix_fmt)
    stage = stage_for(path, frame)
    assert max(stage.network.size) <= 96
    made = enlarged(stage, frame).frame
    assert (made.width, made.height) == (2 * width, 2 * height)
    region = frame.region(Box(0, height, 0, width).inside(width, height))
    true = as_planes(true_enlarged(region), made)
    # where a tile is filled up, the network sees its border again instead of nothing
    inner = [plane[4:-4, 4:-4] for plane in made.planes()]
    assert difference(inner, [plane[4:-4, 4:-4] for plane in true]) <= 1


def true_enlarged(region):
    """Sharpened, and every pixel repeated: what `enlarging(2)` makes."""
    kernel = np.array([[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]], np.float32)
    sharp = np.clip(cv2.filter2D(region, -1, kernel, borderType=cv2.BORDER_REPLICATE), 0, 255)
    return np.repeat(np.repeat(sharp, 2, 0), 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "factor"), [(compact, 2), (rrdb, 4), (rrdb, 2)])
def test_real_architectures_leave_no_seams(small_tiles, tmp_path, make, factor):
    """Rows beside a seam differ from the whole picture's as little as all others do."""
    network = make()
    frame = frame_of(182, 120)
    stage = stage_for(save_params(network, tmp_path / "a.pth"), frame, factor)
    made = enlarged(stage, frame).frame
    region = frame.region(Box(0, 120, 0, 182).inside(182, 120))
    with torch.inference_mode():
        true = network(torch.from_numpy(pictures_of([region]))).clamp(0, 1).numpy()
    true = region_of(true[0])
    if true.shape[0] != made.height:
        true = cv2.resize(true, (made.width, made.height), interpolation=cv2.INTER_AREA)
    assert true.std() > 1
    assert difference(made.planes(), as_planes(true, made)) <= 1


def test_a_network_of_fixed_small_tiles_is_used_with_them(tmp_path):
    given, made = (1, 3, 48, 48), (1, 3, 96, 96)
    frame = frame_of(100, 60)
    stage = stage_for(onnx_file(tmp_path / "a.onnx", enlarging(2), given, made), frame)
    assert stage.network.size == (48, 48)
    true = true_enlarged(frame.region(Box(0, 60, 0, 100).inside(100, 60)))
    planes = enlarged(stage, frame).frame.planes()
    inner = [plane[4:-4, 4:-4] for plane in planes]
    assert difference(inner, [p[4:-4, 4:-4] for p in as_planes(true, frame)]) <= 1


def test_ten_bits_gray_and_tags_stay(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", enlarging(2, np.ones((1, 1))), ANY, ANY)
    ramp = np.add.outer(np.arange(40) * 9, np.arange(64) * 6).astype(np.uint16) + 64
    frame = frame_from_planes([ramp], layout_of("gray10le"), frame_of(64, 64))
    made = enlarged(stage_for(path, frame), frame).frame
    assert made.layout == frame.layout and made.tags == frame.tags
    assert np.abs(made.planes()[0][::2, ::2].astype(int) - ramp).max() <= 1


def test_an_untagged_picture_that_becomes_high_keeps_its_colours(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", enlarging(2, np.ones((1, 1))), ANY, ANY)
    source = frame_of(64, 400)
    bare = frame_from_planes(source.planes(), source.layout, source)
    replace(source.tags, matrix=2).apply_to(bare.av_frame)
    for upscaler in (path, "nearest"):
        made = enlarged(stage_for(upscaler, bare), bare).frame
        assert np.abs(made.picture()[::2, ::2].astype(int) - bare.picture()).max() <= 2


def test_the_face_moves_along_and_a_repeated_frame_is_made_once(tmp_path):
    frame = frame_of(64, 64)
    stage = stage_for(onnx_file(tmp_path / "a.onnx", enlarging(4), ANY, ANY), frame, 4)
    frames = [OutputFrame(0, frame, FACE), OutputFrame(1, frame, None)]
    first, second = stage(iter(frames))
    assert first.face == FACE.scaled(4) and second.face is None and first.frame is second.frame
    given = VideoFormat(64, 64, Fraction(25))
    assert stage.output(given) == VideoFormat(256, 256, Fraction(25))


def test_networks_that_enlarge_too_little_or_see_too_little_are_refused(tmp_path):
    frame = frame_of(64, 64)
    with pytest.raises(EngineError, match="does not enlarge"):
        stage_for(onnx_file(tmp_path / "a.onnx", SHARP, ANY, ANY), frame)
    with pytest.raises(EngineError, match="enlarges 2 times: --upscale 4"):
        stage_for(onnx_file(tmp_path / "b.onnx", enlarging(2), ANY, ANY), frame, 4)
    tiny = onnx_file(tmp_path / "c.onnx", enlarging(2), (1, 3, 16, 16), (1, 3, 32, 32))
    with pytest.raises(EngineError, match="too small to join"):
        stage_for(tiny, frame)
    with pytest.raises(EngineError, match="no such"):
        stage_for(Path(tmp_path / "d.onnx"), frame)


def test_tiles_are_no_larger_than_the_picture_needs():
    assert tile_size(VideoFormat(100, 1000, Fraction(25))) == (104, 256)
