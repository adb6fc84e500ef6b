"""Checkpoints that lie: refused in little memory and time, and nothing in them is run."""

import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from base.errors import EngineError
from tensors.torch_files import Storages, find_name, find_script_name, module_tensors
from tensors.unpickling import (
    MAX_OPERATIONS,
    ForeignNameError,
    PickleReader,
    StoredObject,
    UnknownOperationError,
)
from tests.cases import each
from tests.checkpoints import save_bare, save_classic, save_safetensors
from wav2lip.checkpoint import read_weights

ROOT = Path(__file__).parents[2]
SMALL = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([0.5, -2.0])}
INT32 = struct.Struct("<I")


def unpickled(stream, find=find_name, load=None):
    return PickleReader(memoryview(stream), find, load or Storages().load).read()


def text(words):
    return b"X" + INT32.pack(len(words)) + words.encode()


def number(value):
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def row(*values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(offset, size, stride, count=6, kind="storage", key="0"):
    """The pickle of a tensor in a storage of `count` numbers."""
    pid = b"(" + text(kind) + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(count)
    pieces = b"(" + pid + b"tQ" + number(offset) + size + stride + b"\x89}tR"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + pieces


def rewritten(path, change):
    """The zip with its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in change(members):
            archive.writestr(name, content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "change",
    [
        lambda members: members + members[:1],
        lambda members: [m for m in members if not m[0].endswith("data/0")],
        lambda members: [(n, c[:-1] if n.endswith("data/0") else c) for n, c in members],
        lambda members: [(n, b"big" if n.endswith("byteorder") else c) for n, c in members],
    ],
    ids=["twice", "missing", "short", "byte order"],
)
def test_members_that_contradict_are_refused(change, tmp_path):
    path = save_bare(SMALL, tmp_path / "small.pth")
    assert read_weights(rewritten(path, list)).keys() == SMALL.keys()
    with pytest.raises(EngineError, match="cut off or damaged"):
        read_weights(rewritten(path, change))


def test_compressed_weights_are_refused(tmp_path):
    """Numbers that do not get smaller, so that there would be enough to take for them."""
    numbers = np.random.default_rng(0).integers(0, 2**31, 1000, np.int32)
    path = save_bare({"a": torch.from_numpy(numbers)}, tmp_path / "small.pth")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            how = zipfile.ZIP_DEFLATED if name.endswith("data/0") else zipfile.ZIP_STORED
            archive.writestr(name, content, how)
            packed = archive.getinfo(name)
            if how is zipfile.ZIP_DEFLATED:
                packed.file_size = packed.compress_size  # as a liar would write it
    with pytest.raises(EngineError, match="cut off or damaged"):
        read_weights(path)


def test_members_that_overlap_are_refused(tmp_path):
    """The first one's length in the directory reaches into the second."""
    path = tmp_path / "small.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("a/data/0", bytes(100))
    assert read_weights(path) == {}
    data = bytearray(path.read_bytes())
    struct.pack_into("<LL", data, data.index(b"PK\1\2") + 20, 9, 9)
    path.write_bytes(data)
    with pytest.raises(EngineError, match="cut off or damaged"):
        read_weights(path)


@each(
    "stream",
    [
        tensor(0, row(7), row(1)),
        tensor(6, row(1), row(1)),
        tensor(0, row(2, 3), row(4, 1)),
        tensor(-1, row(2), row(1)),
        tensor(0, row(-2), row(1)),
        tensor(5, row(2), row(-1)),
        tensor(0, row(2**62, 2**62), row(1, 1)),
        tensor(0, row(2**70), row(1)),
        tensor(0, row(2, 2), row(1)),
        tensor(0, row(*[1] * 33), row(*[1] * 33)),
        tensor(0, row(1), row(1), count=-1),
        tensor(0, row(1), row(1), kind="module"),
        b"(" + tensor(0, row(1), row(1)) + tensor(0, row(1), row(1), count=7) + b"t",
    ],
)
def test_a_tensor_that_reaches_out_of_its_storage_is_refused(stream):
    with pytest.raises((ValueError, TypeError)):
        unpickled(b"\x80\x02" + stream + b".")
    assert unpickled(tensor(2, row(2, 2), row(0, 3)) + b".").storage.count == 6


@each(
    ("stream", "error"),
    [
        (b"cos\nsystem\n(" + text("true") + b"tR.", ForeignNameError),
        (b"c__builtin__\neval\n.", ForeignNameError),
        (b"ctorch\nload\n.", ForeignNameError),
        (b"\x8c\x02os\x8c\x06system\x93.", UnknownOperationError),  # the names from the stack
        (b"(" + text("true") + b"ios\nsystem\n.", UnknownOperationError),
        (b"ctorch\nFloatStorage\n)R.", TypeError),
        (text("os") + b")R.", TypeError),
        (b"})Ns.", TypeError),  # a tuple as key: deep ones would fill the C stack
        (b"}" + number(2**61 - 1) + b"Ns.", TypeError),  # such keys fall on one place
        (b"ccollections\nOrderedDict\n(](tR.", (TypeError, ValueError)),
        (b"ctorch\nSize\n(" + b"N" * 17 + b"tR.", TypeError),
        (b"X" + INT32.pack(2**31) + b"x.", ValueError),
        (b"h\x07.", KeyError),
        (b"N", EOFError),
        (b"(.", ValueError),
        (b"Nt.", ValueError),
        (b"c" + b"x" * 5000 + b"\nx\n.", ValueError),
        (b"N0" * 9, UnknownOperationError),
    ],
)
def test_a_pickle_that_does_more_than_describe_weights_is_refused(stream, error):
    with pytest.raises(error):
        unpickled(b"\x80\x02" + stream)


def test_a_pickle_without_end_ends():
    with pytest.raises(ValueError, match="does not end"):
        unpickled(b"N" * (MAX_OPERATIONS + 1))


def test_a_tree_of_modules_that_holds_itself_is_refused():
    root = b"c__torch__.x\nY\n)\x81q\x00}" + text("child") + b"h\x00sb."
    with pytest.raises(ValueError, match="without end"):
        module_tensors(unpickled(root, find_script_name))


def test_modules_that_double_from_level_to_level_are_refused():
    """Forty of them would be a million millions."""
    module = StoredObject()
    for _ in range(40):
        parent = StoredObject()
        parent.state = {"a": module, "b": module}
        module = parent
    with pytest.raises(ValueError, match="without end"):
        module_tensors(module)


BOMBS = {
    "memo": b"Nr" + INT32.pack(2**32 - 1),
    "bytes": b"\x8e" + struct.pack("<Q", 2**40),
    "text": b"X" + INT32.pack(2**31),
    "long": b"\x8b" + INT32.pack(2**31 - 1),
    "lists": b"]" * 20_000_000,
    "marks": b"(" * 20_000_000,
    "deep tuples": b")" + b"\x85" * 20_000_000,
    "copies": b"(" + b"N" * 200_000 + b"tq\0" + b"0ctorch\nSize\nh\0R" * 100_000,
}
READ = """
import resource, sys
from pathlib import Path
from wav2lip.checkpoint import read_weights
from base.errors import EngineError
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
for path in map(Path, sys.argv[1:]):
    try:
        read_weights(path)
    except EngineError:
        print(path.name)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)  # ru_maxrss counts its parent's memory, too
"""


@pytest.mark.slow
def test_bombs_take_little_memory(tmp_path):
    for name, stream in BOMBS.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("a/data.pkl", b"\x80\x02" + stream + b".")
        (tmp_path / f"{name}, legacy").write_bytes(b"\x80\x02" + stream + b".")
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**60, 0], "data_offsets": [0, 0]}})
    lie = (len(header)).to_bytes(8, "little") + header.encode()
    (tmp_path / "safetensors").write_bytes(lie)
    (tmp_path / "header").write_bytes((2**26).to_bytes(8, "little") + b'{"' + bytes(2**26))
    paths = sorted(tmp_path.iterdir())
    ran = subprocess.run(
        [sys.executable, "-c", READ, *paths], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    *refused, peak = ran.stdout.splitlines()
    harmless = {"memo", "safetensors"}  # a key of a dictionary, and a tensor of nothing
    assert {*refused} == {path.name for path in paths} - harmless
    assert int(peak) < 400  # megabytes


def test_every_reading_of_a_damaged_file_is_an_engine_error(tmp_path):
    """Each byte of the descriptions is changed once; nothing but a refusal or tensors comes."""
    for save in (save_bare, save_classic, save_safetensors):
        whole = save(SMALL, tmp_path / "whole.pth").read_bytes()
        path = tmp_path / "changed.pth"
        for place in range(0, len(whole), 3):
            changed = bytearray(whole)
            changed[place] ^= 1 << place % 8
            path.write_bytes(changed)
            try:
                values = read_weights(path).values()
            except EngineError:
                continue
            assert all(isinstance(value, np.ndarray) for value in values)


def test_weights_share_what_the_file_shares(tmp_path):
    """Views of one storage, with strides, an offset, and nothing at all in them."""
    base = torch.arange(24.0)
    views = {
        "turned": base.reshape(4, 6).T,
        "part": base[3:20:4],
        "repeated": base[:1].expand(5, 7),
        "number": torch.tensor(4.0),
        "empty": torch.zeros(0, 3),
        "whole": torch.arange(4),
        "half": torch.arange(4, dtype=torch.bfloat16).repeat(2)[1:],
        "small": torch.tensor([-1, 2], dtype=torch.int8),
    }
    for save in (save_bare, save_classic):
        read = read_weights(save(views, tmp_path / "views.pth"))
        for name, value in views.items():
            expected = value.float() if name == "half" else value
            assert read[name].shape == value.shape
            assert np.array_equal(read[name], expected.numpy()), name


def test_names_of_python_s_own_are_never_resolved():
    """Whatever Python would find under a name, the reader has its own list."""
    for name in ("builtins.dict", "collections.deque", "torch._utils._rebuild_qtensor"):
        module, _, last = name.rpartition(".")
        with pytest.raises(ForeignNameError, match=name):
            unpickled(f"c{module}\n{last}\n.".encode())
    assert pickle.loads(b"cbuiltins\ndict\n.") is dict
