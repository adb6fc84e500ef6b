"""The promises of every engine, and those of each single one."""

import os
import re
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from base.errors import EngineError, UsageError
from base.generator import WHOLE_PATCH, Batch
from base.geometry import Rect
from base.openvino import core, ops, ov
from tests.checkpoints import flat_weights, folded, network_of, save_bare, save_cut_off, save_onnx
from tests.onnx_writer import block, number, text, value
from tests.slow import rest_slow, slow
from wav2lip.generators import (
    DIFF2LIP,
    GENERATORS,
    NETWORKS,
    EngineSettings,
    choose_engine,
    torch_engine,
)
from wav2lip.generators.cuda_engine import CudaEngine
from wav2lip.generators.cuda_graph import RecordedGraph
from wav2lip.generators.in_flight import generate
from wav2lip.generators.openvino_graph import Float, network_graph
from wav2lip.generators.openvino_networks import piece_size
from wav2lip.generators.openvino_processing import restore_patches
from wav2lip.network import fold_norms

ROOT = Path(__file__).parent.parent.parent
RELATIVE_LANDMARKS = np.array([(0.31, 0.41), (0.69, 0.41), (0.5, 0.6), (0.35, 0.78), (0.65, 0.78)])


def batch_of(frames, seed=0):
    """Faces that differ from frame to frame, and loud sound."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (frames, 12, 12, 3), np.uint8)
    return Batch(
        mels=random.uniform(-4, 4, (frames, 80, 16)).astype(np.float32),
        faces=coarse.repeat(8, axis=1).repeat(8, axis=2),
        landmarks=np.tile(RELATIVE_LANDMARKS * 96, (frames, 1, 1)).astype(np.float32),
    )


def cut(batch, *sizes):
    """The same frames in batches of these sizes."""
    assert sum(sizes) == len(batch)
    parts = [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes), strict=True)]
    return [Batch(batch.mels[p], batch.faces[p], batch.landmarks[p]) for p in parts]


@pytest.fixture(scope="module", params=[name for name in GENERATORS if name != DIFF2LIP])
def generator(request, checkpoint):
    """On the CPU, at most three frames at once."""
    settings = EngineSettings(checkpoint, "cpu", half=False, batch_size=3)
    return GENERATORS[request.param](settings)


@pytest.fixture(scope="module")
def generator_of_whole(checkpoint):
    """By name; each is loaded once."""
    settings = EngineSettings(checkpoint, "cpu", batch_size=3)
    return lru_cache(lambda name: GENERATORS[name](settings))


def test_each_batch_gets_its_patches_in_order(generator):
    batch = batch_of(6)
    together = np.concatenate(list(generator(cut(batch, 3, 3))))
    apart = list(generator(cut(batch, 1, 5)))
    assert [patches.shape for patches in apart] == [(1, 96, 96, 3), (5, 96, 96, 3)]
    assert {patches.dtype for patches in apart} == {np.dtype(np.uint8)}
    close = np.abs(np.concatenate(apart).astype(int) - together) <= 1
    assert close.mean() > 0.999
    assert all((a != b).mean() > 0.1 for a, b in zip(together[1:], together[:-1], strict=True))


def test_no_batch_makes_no_patches(generator):
    assert list(generator([])) == []


def test_the_batch_stays_as_it_was(generator):
    batch, same = batch_of(2), batch_of(2)
    for array in (batch.mels, batch.faces, batch.landmarks):
        array.flags.writeable = False
    list(generator([batch]))
    assert np.array_equal(batch.faces, same.faces) and np.array_equal(batch.mels, same.mels)


def test_an_error_in_the_source_reaches_the_caller(generator):
    def source():
        yield batch_of(1)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(generator(source()))


def test_closing_early_leaves_no_thread(generator):
    before = threading.active_count()
    patches = generator(batch_of(1, seed) for seed in range(1000))
    assert next(patches).shape == (1, 96, 96, 3)
    patches.close()
    assert threading.active_count() == before


def expected(weights, batch):
    """The network's output for the batch in 0..255, from the formula in words."""
    whole = batch.faces.transpose(0, 3, 1, 2) / np.float32(255)
    upper = whole.copy()
    upper[:, :, 48:] = 0
    face = torch.from_numpy(np.concatenate([upper, whole], axis=1))
    with torch.inference_mode():
        out = network_of(weights)(torch.from_numpy(batch.mels[:, None]), face)
    return out.permute(0, 2, 3, 1).numpy() * 255


PARTS = [Rect(48, 92, 20, 80), Rect(53, 96, 0, 61), Rect(0, 7, 41, 96), Rect(60, 61, 30, 31)]


@pytest.mark.parametrize("name", ["openvino", slow("torch")])
@pytest.mark.parametrize("visible", PARTS[1:2], ids=str)
def test_the_visible_part_equals_the_whole_patch_and_the_rest_the_face(
    name, visible, generator_of_whole, checkpoint
):
    batch = batch_of(3, seed=3)
    settings = EngineSettings(checkpoint, "cpu", batch_size=3, visible=visible)
    part = next(GENERATORS[name](settings)([batch])).astype(int)
    whole = next(generator_of_whole(name)([batch]))
    inside = np.zeros((96, 96), bool)
    inside[visible.slices] = True
    assert np.abs(part - whole)[:, inside].max() <= 1
    assert np.array_equal(part[:, ~inside], batch.faces[:, ~inside])
    assert not np.array_equal(part[:, inside], batch.faces[:, inside])


@pytest.mark.parametrize(
    "visible",
    rest_slow(PARTS),
    ids=str,
)
def test_a_part_is_computed_as_the_whole_network_does(visible, weights):
    """Compared before rounding, which would hide zeros padded in a wrong place."""
    random = np.random.default_rng(4)
    inputs = random.normal(0, 2, (1, 1, 80, 16)), random.uniform(0, 1, (1, 6, 96, 96))
    mel, face = (array.astype(np.float32) for array in inputs)
    network = network_of(weights)
    with torch.inference_mode():
        whole = network(torch.from_numpy(mel), torch.from_numpy(face)).numpy()
    graph = network_graph(Float(folded(weights)), visible)
    part = core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([mel, face])[0]
    rows, columns = visible.slices
    assert np.abs(part - whole[:, :, rows, columns]).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "half", "within"),
    [*((name, False, 0.51) for name in NETWORKS), *rest_slow((name, True, 4) for name in NETWORKS)],
)
def test_patches_are_the_network_s_output_rounded(name, half, within, weights, checkpoint):
    batch = batch_of(2, seed=7)
    generator = GENERATORS[name](EngineSettings(checkpoint, "cpu", half, 2))
    error = next(generator([batch])) - expected(weights, batch)
    assert np.abs(error).max() < within
    assert abs(error.mean()) < 0.2  # truncated, it would be -0.5


def restored_by_openvino(out):
    parameter = ops.parameter(out.shape, np.float32)
    model = ov.Model([ops.result(restore_patches(parameter))], [parameter])
    return core().compile_model(model, "CPU")([out])[0]


def restored_by_torch(out):
    return torch_engine.restore_patches(torch.from_numpy(out)).numpy()


@pytest.mark.parametrize("restored", [restored_by_openvino, restored_by_torch])
def test_patches_are_rounded_to_the_nearest_and_not_truncated(restored):
    levels = np.linspace(-1, 256, 3 * 96 * 96, dtype=np.float32)
    patches = restored((levels / 255).reshape(1, 3, 96, 96))
    nearest = np.rint(levels.clip(0, 255)).reshape(1, 3, 96, 96).transpose(0, 2, 3, 1)
    assert patches.dtype == np.uint8
    assert (patches == nearest).mean() > 0.999  # x / 255 * 255 is not always x


@pytest.mark.parametrize("name", rest_slow(NETWORKS))
@pytest.mark.parametrize(
    ("half", "message"),
    [
        slow(False, "its weights overflow; get"),
        (True, "run without --fp16"),
    ],
)
def test_weights_that_overflow_are_an_error_and_no_picture(name, half, message, tmp_path):
    """Each weight is a number, but the features and so the output are infinite or no number."""
    weights = flat_weights() | {"output_block.0.conv_block.1.weight": torch.full((32,), 3e38)}
    weights["output_block.1.weight"] = torch.tensor([1.0, -1.0]).repeat(48).reshape(3, 32, 1, 1)
    checkpoint = save_bare(weights, tmp_path / "overflow.pth")
    generator = GENERATORS[name](EngineSettings(checkpoint, "cpu", half, 2))
    with pytest.raises(EngineError, match=f"overflow.pth: .* is no number: .*{message}"):
        next(generator([batch_of(2)]))


def too_large_for_half():
    """Weights that are infinite in 16 bits and, like the output, finite in 32."""
    weights = flat_weights()
    weights["output_block.0.conv_block.0.weight"] = torch.full((32, 80, 3, 3), 1e7)
    weights["output_block.1.weight"] = torch.tensor([1.0, -1.0]).repeat(48).reshape(3, 32, 1, 1)
    return weights


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_whether_the_output_is_finite_comes_with_the_patches(dtype):
    network = fold_norms(network_of(too_large_for_half())).to(dtype)
    inputs = torch.zeros(1, 80, 16), torch.zeros(1, 96, 96, 3, dtype=torch.uint8)
    with torch.inference_mode():
        patches, finite = torch_engine.compute_patches(network, dtype, WHOLE_PATCH, *inputs)
    assert patches.dtype == torch.uint8 and bool(finite) == (dtype == torch.float32)


def test_a_full_batch_falls_into_even_pieces():
    assert [piece_size(n) for n in (1, 3, 8, 9, 20, 128)] == [1, 3, 4, 3, 4, 4]


@pytest.fixture(scope="module")
def onnx(weights, tmp_path_factory):
    return save_onnx(weights, tmp_path_factory.mktemp("onnx") / "wav2lip.onnx")


@pytest.mark.parametrize("visible", PARTS[:1], ids=str)
def test_onnx_gives_the_same_patches(onnx, checkpoint, visible):
    batch = batch_of(2)
    with_onnx, with_weights = (
        next(GENERATORS["openvino"](EngineSettings(path, "cpu", False, 2, visible))([batch]))
        for path in (onnx, checkpoint)
    )
    assert np.abs(with_onnx.astype(int) - with_weights).max() <= 1


def test_onnx_that_is_cut_off_is_refused(onnx, tmp_path):
    with pytest.raises(EngineError, match="cut off"):
        GENERATORS["openvino"](EngineSettings(save_cut_off(onnx, tmp_path / "cut.onnx")))


def test_another_network_in_onnx_is_refused(tmp_path):
    relu = block(1, text(1, "a") + text(2, "b") + text(4, "Relu"))
    body = relu + block(11, value("a", ["n", 3])) + block(12, value("b", ["n", 3]))
    path = tmp_path / "other.onnx"
    path.write_bytes(number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body))
    with pytest.raises(EngineError, match="another network: its inputs"):
        GENERATORS["openvino"](EngineSettings(path))


def test_cuda_that_is_not_there_is_an_error(checkpoint):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(EngineError, match="no CUDA GPU"):
        GENERATORS["torch"](EngineSettings(checkpoint, "cuda"))


@pytest.fixture
def gpu():
    if not torch.cuda.is_available() and os.environ.get("REQUIRE_GPU") != "1":
        pytest.skip("no GPU")
    return torch.device("cuda")


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("half", [False, True])
def test_cuda_gives_the_network_s_patches(half, weights, checkpoint):
    batch = batch_of(3)
    generator = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", half, 2))
    assert np.abs(next(generator([batch])) - expected(weights, batch)).max() < 2


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("half", [False, True])
def test_cuda_s_graph_gives_what_the_eager_network_does(half, checkpoint):
    batches = [batch_of(4), batch_of(4, seed=1)]
    settings = EngineSettings(checkpoint, "cuda", half, 4)
    eager = [GENERATORS["torch"](settings) for _ in batches]  # each computes its size only once
    single = [next(generator([batch])) for generator, batch in zip(eager, batches, strict=True)]
    generator = GENERATORS["torch"](settings)
    for patches, expected_patches in zip(generator(batches * 3), single * 3, strict=True):
        assert np.abs(patches.astype(int) - expected_patches).max() <= 1
    (engine,) = generator.args
    assert isinstance(engine.graphs[4], RecordedGraph)
    assert not any(generator.generate.args[0].graphs for generator in eager)


@pytest.mark.usefixtures("gpu")
def test_cuda_in_half_precision_is_within_two_levels_of_the_whole(checkpoint):
    batches = [batch_of(4, seed) for seed in range(4)]
    half, whole = (
        np.concatenate(
            list(GENERATORS["torch"](EngineSettings(checkpoint, "cuda", half, 4))(batches))
        )
        for half in (True, False)
    )
    assert np.abs(half.astype(int) - whole).max() <= 2


@pytest.mark.usefixtures("gpu")
def test_cuda_takes_odd_batches_and_one_stream_after_another(checkpoint):
    batch = batch_of(19, seed=5)
    generator = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", batch_size=4))
    one_by_one = np.concatenate(list(generator(cut(batch, *[1] * 19))))
    for sizes in ((4, 4, 4, 4, 3), (3, 4, 1, 4, 4, 3), (19,)):
        patches = list(generator(cut(batch, *sizes)))
        assert [len(array) for array in patches] == [*sizes]
        assert np.abs(np.concatenate(patches).astype(int) - one_by_one).max() <= 1


@pytest.mark.usefixtures("gpu")
def test_cuda_goes_on_with_one_stream_after_another_was_closed(checkpoint):
    batches = [batch_of(4, seed) for seed in range(4)]
    generator = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", batch_size=4))
    whole = list(generator(batches))
    closed = generator(batches)
    next(closed)
    closed.close()
    for patches, expected_patches in zip(generator(batches), whole, strict=True):
        assert np.abs(patches.astype(int) - expected_patches).max() <= 1


def while_recording(action):
    """A Compute that returns the faces and calls `action` while it is recorded."""
    calls = []

    def compute(mels, faces):
        calls.append((len(faces), torch.cuda.is_current_stream_capturing()))
        if calls[-1][1]:
            action(faces)
        return faces.clone(), torch.ones((), dtype=torch.bool, device=faces.device)

    return compute, calls


def test_cuda_that_cannot_record_goes_on_without_a_graph(gpu):
    compute, calls = while_recording(lambda faces: faces.sum().item())
    engine = CudaEngine(compute, gpu, 2, "overflow")
    batches = [batch_of(2, seed) for seed in range(5)]
    patches = list(generate(engine, batches))
    assert all(np.array_equal(p, b.faces) for p, b in zip(patches, batches, strict=True))
    assert sum(recorded for _, recorded in calls) == 1 and engine.limit == 2


def test_cuda_that_has_no_memory_to_record_halves_the_batch(gpu):
    huge = 2**50

    def fill(faces):
        if len(faces) > 2:
            torch.empty(huge, dtype=torch.uint8, device=gpu)

    compute, calls = while_recording(fill)
    engine = CudaEngine(compute, gpu, 4, "overflow")
    batches = [batch_of(4, seed) for seed in range(5)]
    patches = list(generate(engine, batches))
    assert all(np.array_equal(p, b.faces) for p, b in zip(patches, batches, strict=True))
    assert [n for n, recorded in calls if recorded] == [4, 2] and engine.limit == 2


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("batches", [1, 3], ids=["eager", "recorded"])
def test_cuda_whose_weights_overflow_in_half_precision_says_so(batches, tmp_path):
    checkpoint = save_bare(too_large_for_half(), tmp_path / "overflow.pth")
    generator = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", True, 2))
    with pytest.raises(EngineError, match="run without --fp16"):
        list(generator([batch_of(2)] * batches))
    in_float32 = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", False, 2))
    assert len(list(in_float32([batch_of(2)] * batches))) == batches


@pytest.mark.usefixtures("gpu")
def test_cuda_leaves_cudnn_s_setting_as_it_was(checkpoint):
    before = torch.backends.cudnn.benchmark
    generator = GENERATORS["torch"](EngineSettings(checkpoint, "cuda", batch_size=2))
    for _ in generator([batch_of(2)] * 4):
        assert torch.backends.cudnn.benchmark is before
    assert isinstance(generator.generate.args[0].graphs[2], RecordedGraph)


def test_the_engine_follows_the_device_and_the_checkpoint(tmp_path):
    checkpoint = save_bare(flat_weights(), tmp_path / "flat.pth")
    assert choose_engine("auto", "auto", None) == "puppet"
    assert choose_engine("auto", "cpu", checkpoint) == "openvino"
    assert choose_engine("auto", "cuda", checkpoint) == "torch"
    gpu = torch.cuda.is_available()
    assert choose_engine("auto", "auto", checkpoint) == ("torch" if gpu else "openvino")
    assert [choose_engine(name, "cpu", checkpoint) for name in GENERATORS] == [*GENERATORS]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_without_a_checkpoint_is_an_error_that_names_the_folders(name, monkeypatch):
    monkeypatch.setenv("MODEL_ROOT", "/models")
    folders = f"/models or .*{re.escape(str(ROOT / 'checkpoints'))}$"
    with pytest.raises(EngineError, match=f"--checkpoint_path or put .* into {folders}"):
        choose_engine(name, "cpu", None)
    with pytest.raises(EngineError, match="--checkpoint_path"):
        GENERATORS[name](EngineSettings())


def test_settings_that_contradict_are_refused():
    for wrong in ({"device": "tpu"}, {"batch_size": 0}):
        with pytest.raises(UsageError):
            EngineSettings(**wrong)
    with pytest.raises(ValueError):
        EngineSettings(visible=Rect(0, 97, 0, 96))
    for engine, device in (("tensorrt", "auto"), ("openvino", "cuda")):
        with pytest.raises(UsageError):
            choose_engine(engine, device, None)
