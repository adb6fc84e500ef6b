"""What a model is, by the names and shapes of its tensors, or by what it takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import isqrt
from pathlib import Path

from models.kinds import UNKNOWN
from tensors.headers import Header, Shape, read_header
from tensors.onnx import Dims, OnnxHeader, Port

WRAPPINGS = ("params_ema", "params", "state_dict", "module", "vqvae", "net_g")  # around a network
Tensors = Mapping[str, Dims]  # that a network has; None: any size
Ports = tuple[tuple[Dims, ...], tuple[Dims, ...]]  # inputs in any order, and outputs

LAYOUTS: tuple[tuple[str, Tensors], ...] = (
    (
        "wav2lip",
        {
            "face_encoder_blocks.0.0.conv_block.0.weight": (16, 6, 7, 7),
            "audio_encoder.0.conv_block.0.weight": (32, 1, 3, 3),
            "output_block.1.weight": (3, 32, 1, 1),
        },
    ),
    (
        "syncnet",
        {
            "face_encoder.0.conv_block.0.weight": (32, 15, 7, 7),
            "audio_encoder.0.conv_block.0.weight": (32, 1, 3, 3),
        },
    ),
    (
        "gfpgan",
        {"stylegan_decoder.style_mlp.1.weight": (512, 512), "toRGB.0.weight": (3, None, 1, 1)},
    ),
    ("codeformer", {"position_emb": (256, None), "idx_pred_layer.1.weight": (None, None)}),
    (
        "restoreformer",
        {
            "encoder.conv_in.weight": (None, 3, 3, 3),
            "quantize.embedding.weight": (None, None),
            "decoder.conv_out.weight": (3, None, 3, 3),
        },
    ),
    ("rrdb", {"body.0.rdb1.conv1.weight": (None, None, 3, 3), "conv_last.weight": (3, None, 3, 3)}),
    ("rrdb", {"model.1.sub.0.RDB1.conv1.0.weight": (None, None, 3, 3)}),
    ("rrdb", {"RRDB_trunk.0.RDB1.conv1.weight": (None, None, 3, 3)}),
    ("compact", {"body.0.weight": (None, 3, 3, 3), "body.1.weight": (None,)}),
    (
        "liveportrait_appearance",
        {"first.conv.weight": (64, 3, 3, 3), "second.weight": (512, 256, 1, 1)},
    ),
    (
        "liveportrait_motion",
        {"detector.fc_kp.weight": (63, None), "detector.fc_exp.weight": (63, None)},
    ),
    (
        "liveportrait_warping",
        {
            "dense_motion_network.mask.weight": (22, None, 7, 7, 7),
            "fourth.weight": (256, 256, 1, 1),
        },
    ),
    ("liveportrait_generator", {"G_middle_0.norm_0.mlp_shared.0.weight": (128, 256, 3, 3)}),
    ("liveportrait_stitching", {"retarget_shoulder.mlp.0.weight": (None, 126)}),
    ("liveportrait_stitching", {"retarget_shoulder.module.mlp.0.weight": (None, 126)}),
    (
        "sadtalker",
        {
            "kp_extractor.predictor.down_blocks.down0.conv.weight": (64, 3, 3, 3),
            "face_3drecon.backbone.conv1.weight": (64, 3, 7, 7),
        },
    ),
    (
        "sadtalker_mapping",
        {"mapping.first.0.weight": (1024, None, 7), "mapping.fc_exp.weight": (45, 1024)},
    ),
    (
        "fomm",
        {
            "generator.dense_motion_network.mask.weight": (11, None, 7, 7),
            "kp_detector.kp.weight": (10, None, 7, 7),
        },
    ),
    (
        "diff2lip",
        {
            "input_blocks.0.0.weight": (128, 9, 3, 3),
            "audio_encoder_to_style.3.weight": (512, 128, 1, 1),
        },
    ),
)
FACE: Dims = (None, 3, 512, 512)
SMALL_FACE: Dims = (None, 3, 256, 256)
FEATURES: Dims = (None, 32, 16, 64, 64)
POINTS: Dims = (None, 21, 3)
PICTURE: Dims = (None, 3, None, None)
NETWORKS: tuple[tuple[str, Ports], ...] = (
    ("wav2lip", (((None, 1, 80, 16), (None, 6, 96, 96)), ((None, 3, 96, 96),))),
    ("codeformer", ((FACE, ()), (FACE,))),
    ("face_restorer", ((FACE,), (FACE,))),
    ("liveportrait_appearance", ((SMALL_FACE,), (FEATURES,))),
    ("liveportrait_generator", ((FEATURES, POINTS, POINTS), (FACE,))),
    ("liveportrait_stitching", ((POINTS, POINTS), (POINTS,))),
    ("liveportrait_stitching", (((None, 126),), ((None, 65),))),
    ("liveportrait_eyes", (((None, 66),), ((None, 63),))),
    ("liveportrait_lips", (((None, 65),), ((None, 63),))),
)
PIPER_INPUTS = {"input", "input_lengths", "scales"}
MOTION_OUTPUTS = 6  # at least: pitch, yaw, roll, scale, translation, expression, points
WHISPER = b"WhisperSpec\0"  # in the header of CTranslate2's model.bin
CTRANSLATE2_HEAD = 64


@dataclass(frozen=True)
class Recognized:
    """What a file is, and what more its contents say."""

    kind: str  # one of KINDS
    details: tuple[str, ...] = ()


def recognize(path: Path) -> Recognized | None:
    """What the file holds; None where it is no model at all. Only its header is read."""
    if _is_whisper(path):
        return Recognized("whisper")
    header = read_header(path)
    if header is None or not (header.shapes or header.network or header.foreign):
        return None
    kind = recognize_header(header)
    return Recognized(kind, (*_details(kind, header), *_warnings(header)))


def recognize_header(header: Header) -> str:
    """The kind in KINDS."""
    for shapes in (header.shapes, unwrapped(header.shapes)):
        for kind, tensors in LAYOUTS:
            if all(name in shapes and fits(shapes[name], tensors[name]) for name in tensors):
                return kind
    return UNKNOWN if header.network is None else recognize_network(header.network)


def recognize_network(network: OnnxHeader) -> str:
    """By what it takes and gives."""
    for kind, (inputs, outputs) in NETWORKS:
        if _ports_fit(network.inputs, inputs) and _ports_fit(network.outputs, outputs):
            return kind
    if {port.name for port in network.inputs} == PIPER_INPUTS:
        return "piper"
    if _ports_fit(network.inputs, (SMALL_FACE,)) and len(network.outputs) >= MOTION_OUTPUTS:
        return "liveportrait_motion"
    pictures = _ports_fit(network.inputs, (PICTURE,)) and _ports_fit(network.outputs, (PICTURE,))
    return "image_network" if pictures else UNKNOWN


def unwrapped(shapes: Mapping[str, Shape]) -> Mapping[str, Shape]:
    """The tensors without the names of dicts and modules around the network."""
    for wrapping in WRAPPINGS:
        inner = {
            name.removeprefix(f"{wrapping}."): shape
            for name, shape in shapes.items()
            if name.startswith(f"{wrapping}.")
        }
        shapes = inner or shapes
    return shapes


def fits(shape: Sequence[int | None], dims: Dims) -> bool:
    """Whether a shape has these sizes; None among these stands for any."""
    return len(shape) == len(dims) and all(
        wanted in (None, size) for size, wanted in zip(shape, dims, strict=True)
    )


def _ports_fit(ports: Sequence[Port], wanted: Sequence[Dims]) -> bool:
    """Whether the ports, in some order, have these sizes."""
    return len(ports) == len(wanted) and any(
        all(fits(port.dims, dims) for port, dims in zip(ports, order, strict=True))
        for order in permutations(wanted)
    )


def _details(kind: str, header: Header) -> tuple[str, ...]:
    form = "weights" if header.network is None else "ONNX"
    factor = _factor(kind, unwrapped(header.shapes))
    return (form,) if factor is None else (form, f"{factor} times")


def _warnings(header: Header) -> tuple[str, ...]:
    return tuple(f"holds code ({name[:60]}), which is not run" for name in header.foreign[:1])


def _factor(kind: str, shapes: Mapping[str, Shape]) -> int | None:
    """How many times larger an upscaler's pictures are, where its layers tell."""
    if kind == "rrdb":
        # pixels are gathered from 4 or 16 before a network that enlarges four times
        first = shapes.get("conv_first.weight", ())
        return {3: 4, 12: 2, 48: 1}.get(first[1]) if len(first) == 4 else None
    if kind == "compact":
        last = max((n for n in shapes if n.endswith(".weight") and len(shapes[n]) == 4), key=_place)
        return isqrt(shapes[last][0] // 3) or None
    return None


def _place(name: str) -> int:
    return int(name.split(".")[1]) if name.startswith("body.") else -1


def _is_whisper(path: Path) -> bool:
    with path.open("rb") as file:
        return WHISPER in file.read(CTRANSLATE2_HEAD)
