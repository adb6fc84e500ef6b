"""Checkpoints that are damaged, that lie about themselves, and that want to do harm."""

import io
import json
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

import torch

from base.geometry import Rect
from tests import checkpoints as good
from tests.campaigns.fuzz.children import made_in_child
from tests.campaigns.fuzz.mutations import EXTREMES, mutated
from tests.onnx_writer import Graph, block, number, text, value
from wav2lip.checkpoint import CheckpointFormat, detect_format, load_weights
from wav2lip.generators import EngineSettings
from wav2lip.generators.openvino_engine import read_onnx
from wav2lip.generators.openvino_processing import add_processing, fixed_batch_size

FULL = Rect(0, 96, 0, 96)
Make = Callable[[Random], bytes]
NAMES = ("../weights", "/etc/passwd", "a/../../b", "x" * 60_000, "\0", "archive/data.pkl/", "")
CALLS = (
    *("posix.system", "os.system", "builtins.eval", "builtins.exec", "subprocess.Popen"),
    *("builtins.__import__", "importlib.import_module", "torch.load", "torch.hub.load"),
    *("torch.serialization.load", "builtins.getattr", "builtins.open", "shutil.rmtree"),
    *("torch._utils._rebuild_tensor_v2", "torch.storage._load_from_bytes", "collections.Counter"),
    *("numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct", "codecs.encode"),
    *("torch.FloatStorage", "torch.jit._pickle.build_intlist", "__torch__.os.system", "a\u00e9.b"),
)
PLACES = ("/etc/passwd", "/dev/zero", "/dev/stdin", "weights.pth", "nowhere", ".", "/dev/full")


def placed(path: Path, random: Random) -> str:
    """Puts one there; returns its kind."""
    kind = random.choice(tuple(KINDS))
    if kind == "link":
        path.symlink_to(random.choice(PLACES))
    else:
        path.write_bytes(KINDS[kind](random))
    return kind


def read(settings: EngineSettings) -> None:
    """What the engine does with a checkpoint before it compiles it."""
    if detect_format(settings.weights) is CheckpointFormat.ONNX:
        model = read_onnx(settings.weights)
        add_processing(model, fixed_batch_size(model) or 4, settings.visible)
    else:
        load_weights(settings.weights)


@lru_cache
def whole() -> dict[str, bytes]:
    """Good ones, the network's own as far as they are small."""
    return made_in_child(make_whole)


def make_whole() -> dict[str, bytes]:
    weights = good.flat_weights()
    small = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([0.5, -2.0])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good.save_bare(weights, folder / "zip")
        good.save_bare(small, folder / "small zip")
        good.save_classic(weights, folder / "legacy")
        good.save_classic(small, folder / "small legacy")
        good.save_torchscript(weights, folder / "TorchScript")
        good.save_safetensors(small, folder / "safetensors")
        (folder / "ONNX").write_bytes(small_onnx())
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def small_onnx(external: str = "") -> bytes:
    """A network of Wav2Lip's inputs and output, of one convolution."""
    graph, layer = Graph(), torch.nn.Conv2d(6, 3, 1).requires_grad_(False)
    layer.weight[:], layer.bias[:] = 0.1, 0.0
    colours = graph.convolution(layer, "face")
    result = graph.node("Sigmoid", [colours])
    weights = [external_weight(external), *graph.weights[1:]] if external else graph.weights
    body = b"".join(graph.nodes) + text(2, "wav2lip") + b"".join(weights)
    inputs = value("mel", ["n", 1, 80, 16]), value("face", ["n", 6, 96, 96])
    body += b"".join(block(11, i) for i in inputs) + block(12, value(result, ["n", 3, 96, 96]))
    return number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body)


def external_weight(place: str) -> bytes:
    """The convolution's weight, kept in another file."""
    dims = b"".join(number(1, size) for size in (3, 6, 1, 1))
    facts = {"location": place, "offset": "0", "length": "72"}
    told = b"".join(block(13, text(1, key) + text(2, given)) for key, given in facts.items())
    return block(5, dims + number(2, 1) + text(8, "w0") + told + number(14, 1))


def damaged(random: Random) -> bytes:
    content = random.choice(tuple(whole().values()))
    return mutated(content, random, tuple(whole().values()))[1]


def member_changed(random: Random) -> bytes:
    """A zip that is whole, what is in it not."""
    content = whole()[random.choice(("zip", "small zip", "small zip", "TorchScript"))]
    members = members_of(content)
    name = random.choice([*members, *[n for n in members if n.endswith(".pkl")] * len(members)])
    members[name] = mutated(members[name] or b"\0", random, tuple(members.values()))[1]
    return zip_of(members)


def members_changed(random: Random) -> bytes:
    """Members that are gone, twice there, packed, or called what no file should be."""
    members = members_of(whole()["small zip"])
    for _ in range(random.choice((1, 2))):
        name = random.choice(tuple(members))
        change = random.randrange(4)
        content = members.pop(name)
        if change == 1:
            members[random.choice(NAMES)] = content
        elif change == 2:
            members[name] = bytes(random.choice((10, 10_000_000)))
        elif change == 3:
            members |= {name: content, f"{name}x": content, "constants.pkl": b"\x80\x02N."}
    return zip_of(members, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def zip_lies(random: Random) -> bytes:
    """The zip's own numbers: sizes, offsets, counts."""
    data = bytearray(whole()["small zip"])
    marks = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04", b"PK\x06\x06", b"PK\x06\x07")
    found = [at for at in range(len(data)) if data.startswith(marks, at)]
    for _ in range(random.choice((1, 1, 3))):
        at, form = random.choice(found) + random.randrange(4, 46), random.choice("HIQ")
        new = struct.pack(f"<{form}", random.choice(EXTREMES) % (1 << 8 * struct.calcsize(form)))
        data[at : at + len(new)] = new
    return bytes(data)


def many_members(random: Random) -> bytes:
    members = {f"archive/data/{n}": b"" for n in range(random.choice((1000, 20_000)))}
    return zip_of({"archive/data.pkl": b"\x80\x02}."} | members)


def calling(random: Random) -> bytes:
    """A pickle that calls by a name, with words that would leave a trace."""
    module, _, name = random.choice(CALLS).rpartition(".")
    words = random.choice(("touch pwned", "__import__('os').mkdir('pwned')", "pwned", "w"))
    arguments = pickled(words) + (pickled("w") if random.random() < 0.3 else b"")
    how = random.choice((b"R", b"\x81", b"b"))
    called = b"c" + f"{module}\n{name}\n".encode() + b"(" + arguments + b"t" + how
    if random.random() < 0.5:
        called = b"}" + pickled("state_dict") + called + b"s"
    return in_a_file(b"\x80\x02" + called + b".", random)


def stack_of_nothing(random: Random) -> bytes:
    """Operations without what they need, very deep, very long, or that double what they hold."""
    size = struct.pack("<Q", random.choice(EXTREMES))
    body = random.choice(
        (
            *(
                b"]" * 100_000,
                b"(" * 100_000,
                b"}" * 10 + b"s" * 10,
                b"\x95" + size,
                b"\x8d" + size,
            ),
            *(b"\x8e" + size, b"\x96" + size, b"T" + size[:4], b"\x8b" + size[:4], b"X" + size[:4]),
            *(
                b"j" + size[:4],
                b"h\xff",
                b"]q\0" + b"h\0a" * 50,
                b"Q",
                b"N" * 3 + b"Q",
                b"I9" * 9999,
            ),
            *(
                b"]q\0" + b"]h\0h\0eq\0" * 60,
                b"}" + b"K\1" * 2 + b"s",
                b"L" + b"9" * 20_000 + b"L\n",
            ),
            random.randbytes(40),
        )
    )
    return in_a_file(b"\x80\x02" + body + b".", random)


def tensor_lies(random: Random) -> bytes:
    """A tensor whose numbers, size, strides or place do not fit what is stored."""
    size, stride, offset = ([random.choice((1, 2, *EXTREMES, -1))] for _ in range(3))
    storage = pickled("storage") + random.choice((b"ctorch\nFloatStorage\n", pickled("x"), b"N"))
    key = random.choice(("0", "../0", "/etc/passwd", "9", "x" * 5000))
    storage += pickled(key) + pickled("cpu") + integer(random.choice((6, *EXTREMES)))
    pieces = b"(" + storage + b"tQ" + integer(offset[0]) + b"".join(map(row, (size, stride)))
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + pieces + b"\x89}tR"
    name = random.choice(("a", "weight" * 9000, "\ud800", "\n"))
    return in_a_file(b"\x80\x02}" + pickled(name) + tensor + b"s.", random)


def row(numbers: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(integer, numbers)) + b"t"


def integer(given: int) -> bytes:
    raw = given.to_bytes(given.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def pickled(words: str) -> bytes:
    raw = words.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def in_a_file(stream: bytes, random: Random) -> bytes:
    """The pickle in one of the formats that hold one."""
    members = members_of(whole()["small zip"])
    root = next(iter(members)).partition("/")[0]
    kind = random.choice(("zip", "TorchScript", "legacy", "alone"))
    if kind == "alone":
        return stream
    if kind == "legacy":
        start = [
            pickle.dumps(one, 2) for one in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": 1})
        ]
        return b"".join([*start, stream, pickle.dumps(["0"], 2), struct.pack("<q", 6), bytes(24)])
    members[f"{root}/data.pkl"] = stream
    return zip_of(members | ({f"{root}/constants.pkl": b"\x80\x02)."} if kind != "zip" else {}))


def safetensors_lies(random: Random) -> bytes:
    """A header that is too long, not JSON, or that points where nothing is."""
    big = random.choice((2, *EXTREMES))
    facts = {
        "dtype": random.choice(("F32", "F64", "U128", 3, None, "BF16")),
        "shape": random.choice(([6], [big], [big, big], [-1], [2**62, 0], "x", [1] * 5000)),
        "data_offsets": random.choice(([0, 24], [0, big], [big, 24], [24, 0], [-1, 3], [0])),
    }
    header = json.dumps({random.choice(("a", "__metadata__", "w" * 9000, "")): facts}).encode()
    header = random.choice((header, header * 2, b"{" * 100_000, b'{"a":' * 5000, header[:-3]))
    length = random.choice((len(header), len(header), big, len(header) + 1))
    return struct.pack("<Q", length % 2**64) + header + bytes(24)


def onnx_lies(random: Random) -> bytes:
    """Numbers of the protocol buffer, weights in other files, networks of another kind."""
    if random.random() < 0.4:
        places = (
            "/etc/passwd",
            "../../../../etc/passwd",
            "sound.wav",
            "",
            ".",
            "/dev/zero",
            "%s\n",
        )
        return small_onnx(external=random.choice(places) or "x" * 5000)
    data = small_onnx()
    if random.random() < 0.3:
        deep = b""
        for _ in range(random.choice((10, 2000))):
            deep = block(7, deep)
        return number(1, 8) + deep
    at = random.randrange(len(data))
    value = random.choice(EXTREMES)
    raw = bytes([*(value >> shift & 127 | 128 for shift in range(0, 63, 7)), 1])
    return data[:at] + raw[-random.randrange(1, 10) :] + data[at + 1 :]


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, packed)
    return held.getvalue()


def noise(random: Random) -> bytes:
    starts = (b"PK\x03\x04", b"\x80\x02", b"\x08\x08", b"\x40\0\0\0\0\0\0\0{", b"", b"\x80")
    return random.choice(starts) + random.randbytes(random.choice((0, 1, 50, 5000)))


def unchanged(random: Random) -> bytes:
    return random.choice(tuple(whole().values()))


def link(_: Random) -> bytes:
    raise AssertionError("a link has no bytes")


KINDS: dict[str, Make] = {
    "whole checkpoint": unchanged,
    "bytes damaged": damaged,
    "zip member damaged": member_changed,
    "zip members odd": members_changed,
    "zip lies": zip_lies,
    "zip of many": many_members,
    "pickle that calls": calling,
    "pickle that breaks its stack": stack_of_nothing,
    "tensor that lies": tensor_lies,
    "safetensors that lie": safetensors_lies,
    "ONNX that lies": onnx_lies,
    "noise": noise,
    "link": link,
}
