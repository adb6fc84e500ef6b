"""8 bits: near fp32 on fair weights, given up on weights that they would ruin, cached."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from base.generator import Batch
from base.geometry import Rect
from wav2lip.checkpoint import load_weights
from wav2lip.folding import fold_norms
from wav2lip.generators import GENERATORS, EngineSettings
from wav2lip.generators import openvino_calibration as calibration
from wav2lip.generators import openvino_networks as networks
from wav2lip.generators.openvino_calibration import MOST_LARGEST, MOST_MEAN, Calibration
from wav2lip.generators.openvino_engine import build_generator
from wav2lip.generators.openvino_int8 import Quantized, concatenated_names, shared_ranges
from wav2lip.generators.openvino_networks import capabilities, float_precision
from wav2lip.generators.prepared import Examples, Scene
from wav2lip.layers import named_convolutions

PART = Rect(60, 92, 24, 76)
FLOAT_PRECISIONS = {"fp32", "bf16"}
WITH_INT8 = pytest.mark.skipif(
    "INT8" not in capabilities(), reason="a processor without 8-bit arithmetic"
)
# Multiplies one channel of these features, and divides the kernels that take it: the same network
# in float, but all other channels share what few levels are left below the one.
UNEVEN = "face_decoder_blocks.6.2.conv_block.0"
TAKES_UNEVEN = "output_block.0.conv_block.0"


def frames(count, seed=0):
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (count, 12, 12, 3), np.uint8)
    mels = random.uniform(-4, 4, (count, 80, 16)).astype(np.float32)
    return Examples(mels, coarse.repeat(8, axis=1).repeat(8, axis=2))


def batch(examples):
    landmarks = np.zeros((len(examples), 5, 2), np.float32)
    return Batch(examples.mels, examples.faces, landmarks)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def settings(checkpoint, cache):
    return EngineSettings(checkpoint, "cpu", batch_size=2, cache=cache)


@pytest.fixture(scope="module")
def folded(settings):
    return fold_norms(load_weights(settings.weights))


@pytest.fixture(scope="module")
def eighth(settings):
    """The same settings with --int8."""
    return EngineSettings(settings.checkpoint, "cpu", batch_size=2, cache=settings.cache, int8=True)


def uneven(weights, factor=3000.0):
    """The same network, in which one channel is so many times larger than all others."""
    changed = {name: weight.copy() for name, weight in weights.items()}
    channels = len(changed[f"{UNEVEN}.bias"])
    first, last = f"{UNEVEN}.weight", f"{TAKES_UNEVEN}.weight"
    changed[first][0] *= factor
    changed[f"{UNEVEN}.bias"][0] = changed[f"{UNEVEN}.bias"][0] * factor + 1
    changed[last][:, 0] /= factor
    assert changed[last].shape[1] > channels > 1
    return changed


def made(generator, examples):
    (patches,) = generator([batch(examples)])
    return patches.astype(int)[:, PART.top : PART.bottom, PART.left : PART.right]


@pytest.mark.slow
@WITH_INT8
def test_8_bits_are_near_fp32_on_frames_that_were_not_tried(eighth, settings):
    scene = Scene(PART, examples=frames(4))
    generator = GENERATORS["openvino"](eighth, scene)
    other = frames(4, seed=9)
    exact = made(GENERATORS["openvino"](settings, scene), other)
    difference = np.abs(made(generator, other) - exact)
    assert 0 < difference.mean() < 2 * MOST_MEAN and difference.max() < 2 * MOST_LARGEST
    assert generator.precision == "int8" or generator.notices


@WITH_INT8
def test_weights_that_8_bits_would_ruin_fall_back_by_themselves(eighth, settings, folded, tmp_path):
    scene, ruined = Scene(PART, examples=frames(2)), uneven(folded)
    generator = build_generator(replace(eighth, cache=tmp_path), ruined, scene)
    assert generator.precision == float_precision(True) in FLOAT_PRECISIONS
    (notice,) = generator.notices
    assert notice.startswith("--int8: these weights lose too much") and "is used" in notice
    exact = made(build_generator(settings, ruined, scene), scene.examples)
    assert np.abs(made(generator, scene.examples) - exact).mean() < MOST_MEAN
    again = build_generator(replace(eighth, cache=tmp_path), ruined, scene)
    assert again.notices == generator.notices  # from the cache


@pytest.mark.slow
@WITH_INT8
def test_what_8_bits_would_have_made_of_them_is_no_mouth(settings, folded):
    """Otherwise the test above would prove nothing."""
    scene, ruined = Scene(PART, examples=frames(2)), uneven(folded)
    largest, exact = calibration.measure(settings, ruined, scene)
    build = partial(networks.engine_for, settings, ruined, scene, precision="fp32")
    engine = build(Quantized(ruined, shared_ranges(largest)))
    patches = calibration.computed(engine, scene.examples).astype(int)
    part = networks.inside(PART)
    assert np.abs(patches[part] - exact[part]).mean() > 3 * MOST_MEAN


@pytest.mark.slow
@WITH_INT8
def test_the_second_start_with_the_same_frames_measures_nothing(eighth, tmp_path, monkeypatch):
    scene, kept = Scene(PART, examples=frames(2)), replace(eighth, cache=tmp_path)
    first = GENERATORS["openvino"](kept, scene)
    (entry,) = (tmp_path / "ranges").iterdir()

    def measured(*_):
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(calibration, "measure", measured)
        second = GENERATORS["openvino"](kept, scene)
        with pytest.raises(AssertionError):
            GENERATORS["openvino"](kept, replace(scene, examples=frames(2, seed=1)))
    assert (first.precision, first.notices) == (second.precision, second.notices)
    assert np.array_equal(made(first, scene.examples), made(second, scene.examples))
    entry.write_text('{"ranges": {"a": []}}')
    GENERATORS["openvino"](kept, scene)
    assert len(json.loads(entry.read_text())["ranges"]) > 40


@WITH_INT8
@pytest.mark.parametrize("still", [False, True])
def test_8_bits_lean_to_neither_side(eighth, settings, tmp_path, still):
    examples = frames(4)
    if still:
        examples = replace(examples, faces=np.repeat(examples.faces[:1], 4, axis=0))
    scene, kept = Scene(PART, still, examples), replace(eighth, cache=tmp_path)
    first = made(GENERATORS["openvino"](kept, scene), examples)
    exact = made(GENERATORS["openvino"](settings, replace(scene, still=False)), examples)
    assert np.abs((first - exact).reshape(-1, 3).mean(0)).max() < 0.1
    (entry,) = (tmp_path / "ranges").iterdir()
    kept_facts = json.loads(entry.read_text())
    planted = [level + by for level, by in zip(kept_facts["offset"], (3, -2, 0), strict=True)]
    entry.write_text(json.dumps(kept_facts | {"offset": planted}))
    second = made(GENERATORS["openvino"](kept, scene), examples)
    moved = (second - first).reshape(-1, 3).mean(0)
    assert np.allclose(moved, (3, -2, 0), atol=0.2)


def test_without_a_cache_nothing_is_kept(eighth):
    assert calibration.cache_entry(replace(eighth, cache=None), Scene(PART)) is None


def test_a_calibration_is_good_within_both_limits():
    good = Calibration({}, MOST_MEAN, MOST_LARGEST)
    assert good.is_good
    assert not Calibration({}, MOST_MEAN + 0.01, 1).is_good
    assert not Calibration({}, 0.1, MOST_LARGEST + 1).is_good
    assert not Calibration({}, np.inf, np.inf).is_good


@pytest.mark.slow
def test_a_processor_without_8_bits_and_bf16_computes_in_fp32(eighth, monkeypatch):
    monkeypatch.setattr(networks, "capabilities", lambda: ["FP32"])
    monkeypatch.setattr("wav2lip.generators.openvino_engine.capabilities", lambda: ["FP32"])
    scene = Scene(PART, examples=frames(1))
    generator = GENERATORS["openvino"](eighth, scene)
    assert generator.precision == "fp32"
    assert generator.notices == ("--int8: this processor does not compute in 8 bits: fp32 is used",)
    half = GENERATORS["openvino"](replace(eighth, int8=False, half=True), scene)
    assert half.precision == "fp32" and "--fp16" in half.notices[0]


def test_both_tensors_of_a_concatenation_share_the_larger_range():
    pairs = list(concatenated_names())
    names = [name for name, _ in named_convolutions()]
    assert len(pairs) == 7 and {name for pair in pairs for name in pair} <= set(names)
    ranges = shared_ranges({name: float(i) for i, name in enumerate(names)})
    for pair in pairs:
        assert {ranges[name] for name in pair} == {float(max(map(names.index, pair)))}
    assert min(ranges.values()) > 0


def test_a_scene_hears_its_examples_as_loud_as_its_generator_does():
    scene = Scene(PART, examples=frames(2))
    assert scene.at_strength(1) is scene
    silent = scene.at_strength(0)
    assert (silent.examples.mels == -4).all()
    assert silent.key != scene.key == Scene(PART, examples=frames(2)).key


@pytest.mark.parametrize(("mels", "faces"), [(0, 0), (2, 1)])
def test_examples_are_equally_many_mels_and_faces(mels, faces):
    with pytest.raises(ValueError, match="equally many"):
        Examples(frames(3).mels[:mels], frames(3).faces[:faces])
