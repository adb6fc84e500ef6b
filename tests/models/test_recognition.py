"""What a file is, by what it holds and never by its name."""

import random
import shutil
import time
from importlib import import_module

import pytest
import torch

from models.kinds import KINDS
from models.recognition import LAYOUTS, NETWORKS, recognize
from models.search import model_of
from stages.torch_networks import import_spandrel
from tensors.headers import read_header
from tests.checkpoints import (
    flat_weights,
    save_bare,
    save_classic,
    save_malicious,
    save_other_network,
    save_torchscript,
    save_web_page,
)
from tests.model_files import (
    GFPGAN,
    layout,
    nested,
    save_gfpgan,
    save_onnx,
    save_safetensors,
    save_weights,
)
from tests.slow import rest_slow

ODD_NAME = "holiday.jpg"
PICTURE = ("n", 3, 512, 512)
ONNX = {
    "codeformer": ({"input": PICTURE, "weight": ()}, {"output": PICTURE}),
    "face_restorer": ({"input": (1, 3, 512, 512)}, {"output": (1, 3, 512, 512)}),
    "image_network": ({"x": ("b", 3, "h", "w")}, {"y": ("b", 3, "H", "W")}),
    "wav2lip": (
        {"face": ("n", 6, 96, 96), "mel": ("n", 1, 80, 16)},
        {"out": ("n", 3, 96, 96)},
    ),
    "liveportrait_appearance": ({"input": (1, 3, 256, 256)}, {"f": (1, 32, 16, 64, 64)}),
    "liveportrait_motion": (
        {"input": (1, 3, 256, 256)},
        {
            "pitch": (),
            "yaw": (),
            "roll": (),
            "scale": (1, 1),
            "t": (1, 3),
            "e": (1, 21, 3),
            "kp": (1, 21, 3),
        },
    ),
    "liveportrait_generator": (
        {"feature_volume": (1, 32, 16, 64, 64), "source": (1, 21, 3), "target": (1, 21, 3)},
        {"output": (1, 3, 512, 512)},
    ),
    "liveportrait_stitching": (
        {"source": (1, 21, 3), "target": (1, 21, 3)},
        {"output": (1, 21, 3)},
    ),
    "liveportrait_eyes": ({"input": (1, 66)}, {"output": (1, 63)}),
    "liveportrait_lips": ({"input": (1, 65)}, {"output": (1, 63)}),
    "piper": (
        {"input": ("n", "t"), "input_lengths": ("n",), "scales": (3,)},
        {"output": ("n", 1, 1, "t")},
    ),
    "unknown": ({"words": ("n", 77)}, {"output": ("n", 512)}),
}


def kind(path):
    return recognize(path).kind


@pytest.mark.parametrize("name", ONNX)
def test_a_network_by_what_it_takes_and_gives(tmp_path, name):
    path = save_onnx(tmp_path / ODD_NAME, *ONNX[name], weights={"w": (4, 3)})
    assert kind(path) == name
    if name != "unknown":  # the same with another output
        inputs, _ = ONNX[name]
        other = save_onnx(tmp_path / "other", inputs, {"y": (7,)})
        assert kind(other) in ("unknown", "piper")


def test_the_names_of_a_network_s_weights_tell_more_than_its_sides(tmp_path):
    path = save_onnx(tmp_path / ODD_NAME, *ONNX["face_restorer"], weights=GFPGAN)
    assert recognize(path).kind == "gfpgan" and "ONNX" in recognize(path).details


@pytest.mark.parametrize("legacy", rest_slow([False, True]))
@pytest.mark.parametrize("name", ["diff2lip", "fomm", "sadtalker_mapping"])
def test_published_weights_of_torch(tmp_path, name, legacy):
    path = tmp_path / ODD_NAME
    shapes = layout(name)
    content = nested(shapes) if name != "diff2lip" else None
    if content is None:
        save_weights(path, shapes, legacy=legacy)
    else:
        torch.save({**content, "epoch": 3}, path, _use_new_zipfile_serialization=not legacy)
    assert kind(path) == name and len(read_header(path).shapes) == len(shapes)


def test_sadtalker_s_safetensors_of_700_mb_are_known_by_their_header(tmp_path):
    path = save_safetensors(tmp_path / ODD_NAME, layout("sadtalker"))
    assert path.stat().st_size > 700e6
    begun = time.process_time()
    assert kind(path) == "sadtalker"
    assert time.process_time() - begun < 60  # of its numbers not a tenth could be read


@pytest.mark.parametrize("save", [save_bare, save_classic, save_torchscript])
def test_wav2lip_in_every_form(tmp_path, save):
    weights = flat_weights() if save is not save_torchscript else flat_weights(precision=None)
    assert kind(save(weights, tmp_path / ODD_NAME)) == "wav2lip"


@pytest.mark.parametrize(("name", "tensors"), LAYOUTS, ids=[name for name, _ in LAYOUTS])
@pytest.mark.parametrize("outer", [None, "params_ema", "state_dict"])
def test_every_layout_is_known_also_in_a_dict(tmp_path, name, tensors, outer):
    shapes = {key: tuple(size or 8 for size in dims) for key, dims in tensors.items()}
    assert kind(save_weights(tmp_path / ODD_NAME, shapes, outer)) == name
    changed = {key: (*shape[:-1], shape[-1] + 1) for key, shape in shapes.items()}
    fixed = any(dims[-1] is not None for dims in tensors.values())
    if fixed:
        assert kind(save_weights(tmp_path / "other", changed, outer)) != name


def test_every_kind_that_is_told_has_its_words():
    told = {name for name, _ in (*LAYOUTS, *NETWORKS)} | set(ONNX) | {"whisper"}
    assert told == set(KINDS)


def spandrel_module(name):
    """Its networks have the names of the published files."""
    import_spandrel()
    return import_module(f"spandrel.architectures.{name}")


@pytest.mark.parametrize(("inputs", "factor"), [(3, 4), (12, 2), (48, 1)])
def test_how_much_an_rrdb_enlarges(tmp_path, inputs, factor):
    shapes = {
        "conv_first.weight": (64, inputs, 3, 3),
        "body.0.rdb1.conv1.weight": (32, 64, 3, 3),
        "conv_last.weight": (3, 64, 3, 3),
    }
    found = recognize(save_weights(tmp_path / ODD_NAME, shapes, "params_ema"))
    assert (found.kind, found.details) == ("rrdb", ("weights", f"{factor} times"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "arguments", "name", "factor"),
    [
        ("ESRGAN", {"num_blocks": 2}, "rrdb", None),
        ("Compact", {"num_conv": 4, "upscale": 2}, "compact", "2 times"),
        ("Compact", {"num_conv": 4, "upscale": 4}, "compact", "4 times"),
        ("RestoreFormer", {}, "restoreformer", None),
    ],
)
def test_real_architectures(tmp_path, architecture, arguments, name, factor):
    made = getattr(spandrel_module(architecture), architecture)
    with torch.device("meta"):
        network = made(**arguments)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = recognize(save_weights(tmp_path / ODD_NAME, shapes, "params"))
    assert found.kind == name and (factor is None or factor in found.details)


def test_gfpgan_by_a_few_of_its_weights(tmp_path):
    assert kind(save_gfpgan(tmp_path / ODD_NAME)) == "gfpgan"
    other = {name: shape for name, shape in GFPGAN.items() if "style_mlp" not in name}
    assert kind(save_weights(tmp_path / "other.pth", other, "params_ema")) != "gfpgan"


@pytest.mark.slow
def test_real_gfpgan(tmp_path):
    module = spandrel_module("GFPGAN.__arch.gfpganv1_clean_arch")
    with torch.device("meta"):
        network = module.GFPGANv1Clean(
            out_size=512,
            num_style_feat=512,
            channel_multiplier=2,
            input_is_latent=True,
            different_w=True,
            narrow=1,
            sft_half=True,
        )
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert kind(save_weights(tmp_path / ODD_NAME, shapes, "params_ema")) == "gfpgan"


def test_a_folder_of_whisper_is_known_by_its_weights(tmp_path):
    head = (6).to_bytes(4, "little") + (12).to_bytes(2, "little") + b"WhisperSpec\0"
    (tmp_path / "model.bin").write_bytes(head + bytes(2000))
    assert model_of(tmp_path / "model.bin", "x").kind == "whisper"
    assert model_of(tmp_path / "model.bin", "x").path == tmp_path


def test_other_weights_are_another_network(tmp_path):
    assert kind(save_other_network(tmp_path / "wav2lip.pth")) == "unknown"


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle", "torchscript"])
def test_code_in_a_file_is_told_and_not_run(tmp_path, how):
    path = save_malicious(tmp_path / "gfpgan.pth", tmp_path / "ran", how)
    model = model_of(path, "x")
    assert not (tmp_path / "ran").exists()
    assert model.kind in ("unknown", None) and any("not run" in word for word in model.details)


def test_what_is_no_model_is_none(tmp_path):
    (tmp_path / "text").write_text("words " * 300)
    (tmp_path / "empty").touch()
    shutil.make_archive(str(tmp_path / "zip"), "zip", tmp_path, "text")
    for name in ("text", "empty", "zip.zip"):
        assert recognize(tmp_path / name) is None
    assert recognize(save_web_page(tmp_path / "page.pth")) is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    save_gfpgan(folder / "zip")
    save_weights(folder / "legacy", GFPGAN, legacy=True)
    save_safetensors(folder / "safetensors", {"a.weight": (4, 3), "b": (2,)})
    save_onnx(folder / "onnx", *ONNX["codeformer"], weights={"w": (4, 3)})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "onnx"])
def test_a_damaged_file_does_no_harm(whole, tmp_path, form):
    path = tmp_path / "damaged"
    kinds = set()
    for seed in range(150):
        path.write_bytes(damaged(whole[form], random.Random(seed)))
        kinds.add(model_of(path, "x").kind)
    assert kinds <= {None, *KINDS} and None in kinds


def damaged(raw, dice):
    """Cut off, or with some bytes changed near its beginning or its end."""
    raw = bytearray(raw[: dice.randrange(1, len(raw))] if dice.random() < 0.3 else raw)
    for _ in range(dice.choice((1, 4, 40))):
        place = dice.randrange(min(len(raw), 4000))
        raw[dice.choice((place, -1 - place))] = dice.randrange(256)
    return bytes(raw)


BOMBS = {
    "an endless varint": b"\x08" + b"\xff" * 4000,
    "a field longer than the file": b"\x08\x07\x3a" + b"\xff\xff\xff\x7f" + bytes(2000),
    "ten thousand nested dicts": b"\x80\x02" + b"}" * 10_000 + b".",
    "a header of a gigabyte": (2**30).to_bytes(8, "little") + b"{" + b" " * 2000,
    "a deep JSON": (90_000).to_bytes(8, "little") + b'{"a":' * 18_000 + bytes(2000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_hostile_file_is_no_model(tmp_path, bomb):
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[bomb])
    assert model_of(path, "x").kind is None


def test_a_dict_that_holds_itself_ends(tmp_path):
    loop = {}
    loop["again"] = loop
    loop.update({str(n): loop for n in range(100)})
    torch.save(loop, tmp_path / "loop")
    assert model_of(tmp_path / "loop", "x").kind is None
