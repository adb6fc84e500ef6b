"""The network, filled by the rule, against the reference; loaded strictly."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError  # noqa: E402
from diff2lip import networks  # noqa: E402
from diff2lip.networks import load_network, on_cpu  # noqa: E402
from diff2lip.painter import below, to_faces, to_pictures  # noqa: E402
from diff2lip.schedule import DEFAULT_STEPS, Schedule  # noqa: E402
from diff2lip.unet import UNet  # noqa: E402
from networks.loading import filled  # noqa: E402
from networks.running import computes_in_bf16  # noqa: E402
from tests.checkpoints import save_cut_off, save_malicious, save_other_network  # noqa: E402
from tests.diff2lip.near import difference  # noqa: E402

NEAR = 1e-4


@pytest.fixture(autouse=True)
def without_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture
def pictures(case):
    """Faces, references and the reference's own noise, in -1..1."""
    noise = torch.from_numpy(case["noise_64ths"].astype(np.float32) / 64)
    return *(to_pictures(case[name][..., ::-1]) for name in ("face_u8", "ref_u8")), noise


def test_its_tensors_are_those_of_the_published_file(unet, layout):
    assert [(name, tuple(value.shape)) for name, value in unet.state_dict().items()] == layout


def test_the_sound_is_heard_as_in_the_reference(unet, case):
    mel = torch.from_numpy(case["mel"])
    assert difference(unet.audio_encoder(mel), case["audio_features"]) < NEAR
    assert difference(unet.style(mel), case["audio_style"]) < NEAR


def test_a_step_is_embedded_as_in_the_reference(unet, case):
    (embedding,) = unet.time(torch.tensor([960]))
    for expected in case["time_embed"]:
        assert difference(embedding, expected) < NEAR


def test_the_hint_is_that_of_the_reference(case, pictures):
    faces, _, noise = pictures
    hints = below(faces, noise)
    assert difference(hints[:, :, ::8, ::8], case["cond_every8"]) < 1e-6
    assert [float(hints.mean()), float(hints.std())] == pytest.approx(case["cond_stats"], abs=1e-5)
    rows = (hints[0, 0] != faces[0, 0]).any(1)
    assert np.array_equal(rows, case["mask_rows"] == 1)


def test_what_is_known_before_is_the_same_as_all_at_once(unet):
    """At a small size; the first layer is computed in two parts."""
    noisy, hint, reference = torch.rand(3, 1, 3, 32, 32).unbind(0)
    (first,) = unet.input_blocks[0]
    whole = first(torch.cat((noisy, hint, reference), 1))
    nothing = torch.zeros_like(noisy)
    condition = unet.condition(hint, reference)
    parts = (
        condition
        + first(torch.cat((noisy, nothing, nothing), 1))
        - unet.condition(nothing, nothing)
    )
    assert difference(parts, whole) < 1e-5
    out = unet(noisy, condition, torch.zeros(1, 512))
    assert out.shape == (1, 6, 32, 32) and out.isfinite().all()
    assert difference(unet(noisy, condition + 1, torch.zeros(1, 512)), out) > 1e-3


@pytest.mark.slow
def test_convolutions_in_half_precision_are_near(unet, weights):
    """At a small size; norms and linear layers stay in float32."""
    halved = filled(UNet, weights, Path("filled.pt"), networks.TITLE)
    made = networks.by_torch(halved, "cpu", torch.bfloat16)
    kinds = {
        type(part).__name__: part.weight.dtype
        for part in halved.modules()
        if hasattr(part, "weight")
    }
    assert (kinds["Conv2d"], kinds["Conv1d"]) == (torch.bfloat16,) * 2
    assert (kinds["Norm"], kinds["Linear"]) == (torch.float32,) * 2
    noisy, hint, reference = torch.rand(3, 1, 3, 32, 32).unbind(0)
    embedding = unet.time(torch.tensor([480])) + unet.style(torch.zeros(1, 80, 16))
    near = made.time(torch.tensor([480])) + made.style(torch.zeros(1, 80, 16))
    expected = unet(noisy, unet.condition(hint, reference), embedding)[:, :3]
    noise = made.evaluate(noisy, made.condition(hint, reference), near)
    assert noise.dtype == torch.float32 and difference(noise, expected) < 0.05


def test_faces_become_pictures_and_faces_again():
    faces = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3), np.uint8)
    pictures = to_pictures(faces)
    assert pictures.shape == (2, 3, 8, 8)
    assert pictures[0, 0, 2, 3] == pytest.approx(2 * faces[0, 2, 3, 2] / 255 - 1)  # red is first
    assert np.array_equal(to_faces(pictures), faces)


@pytest.mark.parametrize(
    ("save", "words"),
    [
        (save_other_network, "is no Diff2Lip, or another version"),
        (lambda path: save_malicious(path, path.parent / "trace"), "was not run"),
        (lambda path: path.write_bytes(b"\x08\x01" * 600), "ONNX"),
        (lambda path: path.write_text("<html>" * 300), "is a web page"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: None, "there is no such"),
    ],
)
def test_another_file_is_one_line(tmp_path, save, words):
    path = tmp_path / "weights.pt"
    save(path)
    with pytest.raises(EngineError, match=words) as refused:
        load_network(path)
    assert "\n" not in str(refused.value) and not (tmp_path / "trace").exists()


def test_another_version_is_told_from_this_one(tmp_path, layout):
    """Its tensors are one number each, so that the file is small."""
    tensors = {name: torch.full((1,), 0.01).expand(shape) for name, shape in layout}
    path = tmp_path / "weights.pt"
    for name, shape in (("out.2.weight", (3, 128, 3, 3)), ("more.weight", (1,))):
        torch.save(tensors | {name: torch.zeros(1).expand(shape)}, path)
        with pytest.raises(EngineError, match=name.replace(".", r"\.")):
            load_network(path)
    save_cut_off(path, tmp_path / "cut.pt")
    with pytest.raises(EngineError, match="cut off or damaged"):
        load_network(tmp_path / "cut.pt")
    torch.save(tensors | {"out.2.bias": torch.full((6,), torch.nan)}, path)
    with pytest.raises(EngineError, match="no number"):
        load_network(path)


@pytest.mark.slow
@pytest.mark.parametrize("time", [960, 0])
def test_a_pass_is_that_of_the_reference(unet, case, pictures, time):
    faces, references, noise = pictures
    hints = below(faces, noise)
    seen, hooks = [], []
    for block in (*unet.input_blocks[1:], unet.middle_block, *unet.output_blocks):
        hooks.append(block.register_forward_hook(lambda _, inputs, out: seen.append((inputs, out))))
    embedding = unet.time(torch.tensor([time])) + unet.style(torch.from_numpy(case["mel"]))
    out = unet(below(hints, noise), unet.condition(hints, references), embedding)
    for hook in hooks:
        hook.remove()
    assert difference(out[:, :, ::4, ::4], case[f"forward_t{time}_every4"]) < NEAR
    expected = case[f"forward_t{time}_mean_std"]
    assert [float(out.mean()), float(out.std())] == pytest.approx(expected, rel=NEAR)
    if time == 960:
        blocks = [seen[0][0][0], *(made for _, made in seen)]
        middle = blocks.pop(15)
        assert difference(middle[:, :32], case["middle_slice"]) < NEAR
        assert _statistics(middle) == pytest.approx(case["middle_mean_std"], rel=NEAR, abs=1e-6)
        for block, statistics in zip(blocks, case["block_mean_std"], strict=True):
            assert _statistics(block) == pytest.approx(statistics, rel=NEAR, abs=1e-6)


def _statistics(values):
    return [float(values.double().mean()), float(values.double().std(correction=0))]


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def painted(request, weights):
    """All steps, by OpenVINO, with the noise of the reference."""
    if request.param == "bf16" and not computes_in_bf16():
        pytest.skip("this processor has no bf16")
    unet = filled(UNet, weights, Path("filled.pt"), networks.TITLE)
    return request.param, on_cpu(unet, half=request.param == "bf16")


@pytest.mark.slow
def test_all_steps_are_those_of_the_reference(painted, case, pictures):
    precision, made = painted
    assert made.precision == precision
    faces, references, noise = pictures
    samples = list(_samples(made, case, faces, references, noise))
    result = below(faces, samples[-1].clean)
    if precision == "bf16":
        # with weights that are noise nearly all of the picture is at its clamp
        far = np.abs(np.asarray(result[:, :, ::4, ::4]) - case["result_every4"])
        assert far.mean() < 0.02
        return
    for step in (0, 1, 12, 24):
        for name, loose in (("sample", 2e-3), ("x0", 2e-3)):
            values = samples[step].noisy if name == "sample" else samples[step].clean
            expected = case[f"ddim_step{step}_{name}_every8"]
            near = loose if step < 2 else 2e-4
            assert difference(values[:, :, ::8, ::8], expected) < near, (step, name)
    statistics = [[*_statistics(one.noisy), *_statistics(one.clean)] for one in samples]
    np.testing.assert_allclose(statistics, case["ddim_stats"], rtol=1e-3, atol=1e-4)
    assert difference(result[:, :, ::4, ::4], case["result_every4"]) < 2e-4
    levels = to_faces(result[:, :, ::4, ::4])[..., ::-1].transpose(0, 3, 1, 2).astype(int)
    assert np.abs(levels - case["result_u8_every4"]).max() <= 1


def _samples(made, case, faces, references, noise):
    from diff2lip.sampling import Sample, sample

    schedule, hints = Schedule.of(DEFAULT_STEPS), below(faces, noise)
    times, styles = (
        made.time(torch.from_numpy(schedule.times)),
        made.style(torch.tensor(case["mel"])),
    )
    condition = made.condition(hints, references)

    def predict(noisy, step):
        return torch.cat(
            [
                made.evaluate(
                    part.contiguous(), condition[i, None], times[step, None] + styles[i, None]
                )
                for i, part in enumerate(below(hints, noisy).split(1))
            ]
        )

    noisy = noise.expand_as(faces)
    for one in sample(predict, noisy, schedule):
        yield Sample(one.noisy.clone(), one.clean.clone())
