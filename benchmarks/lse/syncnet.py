"""SyncNet, which measures how well lips fit a sound; its names are those of its checkpoint.

One tower embeds five frames of 224x224 BGR in 0..255, the other 20 columns of 13 cepstra, as 1024
numbers each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from base.errors import EngineError
from wav2lip.checkpoint import read_weights

SIDE, FRAMES, COLUMNS = 224, 5, 20  # of one window
WIDTH, OUT = 512, 1024
BATCH = 16  # windows

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A convolution, batch norm and ReLU, followed by a pooling in some layers."""

    channels: int
    out: int
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    pool: tuple[Sizes, Sizes, Sizes] | None = None  # kernel, stride, padding


AUDIO: tuple[Layer, ...] = (
    Layer(1, 64, (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1), (0, 0))),  # 13x20
    Layer(64, 192, (3, 3), (1, 1), (1, 1), ((3, 3), (1, 2), (0, 0))),  # 11x9
    Layer(192, 384, (3, 3), (1, 1), (1, 1)),
    Layer(384, 256, (3, 3), (1, 1), (1, 1)),
    Layer(256, 256, (3, 3), (1, 1), (1, 1), ((3, 3), (2, 2), (0, 0))),  # 5x4
    Layer(256, WIDTH, (5, 4), (1, 1), (0, 0)),  # 1x1
)
LIPS: tuple[Layer, ...] = (
    Layer(3, 96, (5, 7, 7), (1, 2, 2), (0, 0, 0), ((1, 3, 3), (1, 2, 2), (0, 0, 0))),  # 1x54x54
    Layer(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 1, 1))),  # 1x13x13
    Layer(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
    Layer(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
    Layer(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 0, 0))),  # 1x6x6
    Layer(256, WIDTH, (1, 6, 6), (1, 1, 1), (0, 0, 0)),  # 1x1x1
)


class SyncNet(nn.Module):
    """Lips (n, 3, 5, 224, 224) and cepstra (n, 1, 13, 20) -> (n, 1024) each, close if in sync."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud, self.netfcaud = conv_tower(AUDIO), linear_head()
        self.netfclip, self.netcnnlip = linear_head(), conv_tower(LIPS)

    def embed_lips(self, frames: Tensor) -> Tensor:
        embedding: Tensor = self.netfclip(self.netcnnlip(frames).flatten(1))
        return embedding

    def embed_sound(self, cepstra: Tensor) -> Tensor:
        embedding: Tensor = self.netfcaud(self.netcnnaud(cepstra).flatten(1))
        return embedding


def conv_tower(layers: Sequence[Layer]) -> nn.Sequential:
    return nn.Sequential(*(module for layer in layers for module in _modules(layer)))


def linear_head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, OUT)
    )


def _modules(layer: Layer) -> Iterator[nn.Module]:
    is_2d = len(layer.kernel) == 2
    conv, norm = (nn.Conv2d, nn.BatchNorm2d) if is_2d else (nn.Conv3d, nn.BatchNorm3d)
    yield conv(layer.channels, layer.out, layer.kernel, layer.stride, layer.padding)  # type: ignore[arg-type]
    yield norm(layer.out)
    yield nn.ReLU()
    if layer.pool is not None:
        pool = nn.MaxPool2d if is_2d else nn.MaxPool3d
        yield pool(*layer.pool)  # type: ignore[arg-type]


def load_syncnet(path: Path) -> SyncNet:
    """The network with the file's weights, in evaluation mode; no code in the file is run."""
    weights = {name: torch.from_numpy(np.array(w)) for name, w in read_weights(path).items()}
    with torch.device("meta"):
        network = SyncNet()
    network.load_state_dict(_checked_weights(path, weights, network.state_dict()), assign=True)
    return network.eval().requires_grad_(False)


def _checked_weights(
    path: Path, weights: dict[str, Tensor], state: dict[str, Tensor]
) -> dict[str, Tensor]:
    """The file's tensors in the network's types; EngineError where they are not SyncNet's."""
    counts = {n: w.new_zeros((), device="cpu") for n, w in state.items() if n.endswith("tracked")}
    needed = {name: tensor for name, tensor in state.items() if name not in counts}
    wrong = [n for n, t in needed.items() if n not in weights or weights[n].shape != t.shape]
    foreign = [name for name in weights if name not in state]
    if wrong or foreign:
        raise EngineError(
            f"{path}: is not SyncNet: {(wrong + foreign)[0]} does not fit, nor do"
            f" {len(wrong) + len(foreign) - 1} other tensors; get syncnet_v2.model"
        )
    if not all(weights[name].isfinite().all() for name in needed):
        raise EngineError(f"{path}: holds what is no number: the file is damaged; get it again")
    return counts | {name: weights[name].to(tensor.dtype) for name, tensor in needed.items()}


def embed(
    network: SyncNet, faces: NDArray[np.uint8], cepstra: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(windows, 1024) of lips and of sound: a window of 0.2 s begins every 40 ms.

    `faces` are (frames, 224, 224, 3) at 25 a second, `cepstra` are (columns, 13) at 100.
    """
    count = min(len(faces), len(cepstra) // 4) - FRAMES
    if count < 1:
        raise EngineError("SyncNet needs more than 0.2 s of face and sound: give a longer result")
    lips, sounds = [], []
    for first in range(0, count, BATCH):
        starts = range(first, min(first + BATCH, count))
        frames = np.stack([faces[s : s + FRAMES].transpose(3, 0, 1, 2) for s in starts])
        columns = np.stack([cepstra[4 * s : 4 * s + COLUMNS].T[None] for s in starts])
        lips.append(network.embed_lips(torch.from_numpy(frames).float()).numpy())
        sounds.append(network.embed_sound(torch.from_numpy(columns).float()).numpy())
    return np.concatenate(lips).astype(np.float64), np.concatenate(sounds).astype(np.float64)
