"""The networks give what the original gave, for weights that a rule fills."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fomm.generator import FrameMotion, FramePainter, Generator, SourceEncoder  # noqa: E402
from fomm.key_points import KeyPointDetector  # noqa: E402
from networks.loading import filled  # noqa: E402
from networks.pictures import as_input  # noqa: E402
from tests.fomm_weights import PARTS, part_layout, reference_weights  # noqa: E402

DATA = np.load(Path(__file__).parent / "data" / "forward.npz")
TOLERANCE = 1e-4  # of the array's largest magnitude
MODES = [
    pytest.param("absolute", marks=pytest.mark.slow),
    pytest.param("relative", marks=pytest.mark.slow),
    "relative_scaled",
    pytest.param("relative_scaled_ac", marks=pytest.mark.slow),
]
SOURCES = ("source", "driving", "initial")


def near(made, name):
    wanted = DATA[name]
    difference = np.abs(np.asarray(made) - wanted).max()
    return difference <= TOLERANCE * np.abs(wanted).max()


@pytest.fixture(scope="module")
def detector():
    return filled(KeyPointDetector, reference_weights("kp_detector"), Path("file"), "detector")


@pytest.fixture(scope="module")
def weights():
    return reference_weights("generator")


def generator(weights, mode):
    corners = mode.endswith("_ac")
    return filled(lambda: Generator(corners), weights, Path("file"), "generator")


def picture(name):
    return torch.from_numpy(as_input(DATA[f"{name}_u8"][..., ::-1]))


def points(name):
    return [torch.from_numpy(DATA[f"kp_{name}_{part}"]) for part in ("value", "jacobian")]


@pytest.mark.parametrize("part", PARTS)
def test_the_tensors_are_those_of_the_published_file_row_by_row(part):
    with torch.device("meta"):
        network = Generator() if part == "generator" else KeyPointDetector()
    rows = [(name, tuple(value.shape)) for name, value in network.state_dict().items()]
    assert rows == part_layout(part)


@torch.inference_mode()
def test_key_points_and_what_leads_to_them(detector):
    quarter = detector.down(picture("source"))
    assert near(quarter, "kp_down_source")
    logits = detector.kp(detector.predictor(quarter))
    assert near(logits[..., ::2, ::2], "kp_logits_source_every2")
    for name in SOURCES:
        places, jacobians = detector(picture(name))
        assert near(places, f"kp_{name}_value") and near(jacobians, f"kp_{name}_jacobian")


@pytest.mark.parametrize("mode", MODES)
@torch.inference_mode()
def test_the_moved_picture_and_what_leads_to_it(weights, mode):
    network = generator(weights, mode)
    features, quarter = SourceEncoder(network)(picture("source"))
    assert near(features[:, :8, ::8, ::8], "encoder_slice")
    assert [features.mean(), features.std()] == pytest.approx(DATA["encoder_stats"], abs=1e-5)
    wanted = points(mode.removesuffix("_ac"))
    motion = network.dense_motion_network(quarter, *points("source"), *wanted)
    if mode.startswith("relative_scaled"):
        assert near(motion.occlusion, f"{mode}_occlusion")
        assert near(motion.mask[..., ::4, ::4], f"{mode}_mask_every4")
        assert near(motion.deformation[:, ::2, ::2], f"{mode}_deformation_every2")
        assert near(motion.moved[..., ::8, ::8], f"{mode}_sparse_deformed_every8")
        assert near(moved_source(network, motion)[..., ::8, ::8], f"{mode}_deformed_every8")
    made = FramePainter(network)(features, motion.deformation, motion.occlusion)
    assert near(made[..., ::8, ::8], f"{mode}_prediction_every8")
    stats = [made.mean(), made.std(), made.min(), made.max()]
    assert stats == pytest.approx(DATA[f"{mode}_prediction_stats"], abs=1e-5)


def moved_source(network, motion):
    """The source at its full size, read where the motion says; the motion is enlarged for it."""
    grid = torch.nn.functional.interpolate(
        motion.deformation.permute(0, 3, 1, 2), size=(256, 256), mode="bilinear"
    ).permute(0, 2, 3, 1)
    return torch.nn.functional.grid_sample(picture("source"), grid, align_corners=network.corners)


@torch.inference_mode()
def test_the_parts_that_are_run_are_the_whole(weights):
    network = generator(weights, "relative_scaled_ac")
    _, quarter = SourceEncoder(network)(picture("source"))
    inputs = quarter, *points("source"), *points("relative_scaled")
    whole, (deformation, occlusion) = (
        network.dense_motion_network(*inputs),
        FrameMotion(network)(*inputs),
    )
    assert torch.equal(deformation, whole.deformation) and torch.equal(occlusion, whole.occlusion)
