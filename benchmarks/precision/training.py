"""Weights trained for a few hundred steps: random ones have statistics that no network has.

The network learns to redraw one talking face: the demo's portrait, moved by the puppet. It learns
nothing of use, but its features are as sparse and as uneven as those of a trained network.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from base.generator import SIDE, Batch
from benchmarks.engines.frames import load_subject, make_batch
from puppet import load_puppet
from wav2lip.network import Wav2Lip

FRAMES = 250
STEPS, BATCH = 200, 8
RATE = 1e-3  # of learning, at the start
MIRRORED = 0.3  # of the examples
BRIGHTNESS = 0.15  # standard deviation of each face's gain
NORM_BATCHES, NORM_BATCH = 8, 32  # from which the norms' statistics are taken at the end

Report = Callable[[str], None]


@dataclass(frozen=True)
class Examples:
    """Faces that speak, and what they hear."""

    mels: Tensor  # (n, 1, 80, 16)
    faces: Tensor  # (n, 3, 96, 96) in 0..1

    def draw(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Mels, the network's faces (n, 6, 96, 96), and the faces that it should make."""
        targets, others = torch.randint(0, len(self.mels), (2, count), generator=random)
        gains = 1 + BRIGHTNESS * torch.randn(count, 1, 1, 1, generator=random)
        mirrored = (torch.rand(count, generator=random) < MIRRORED).view(-1, 1, 1, 1)
        wanted, other = (
            _varied(self.faces[chosen], gains, mirrored) for chosen in (targets, others)
        )
        upper = (torch.arange(SIDE) < SIDE // 2).float().view(1, 1, SIDE, 1)
        return self.mels[targets], torch.cat((wanted * upper, other), 1), wanted


def _varied(faces: Tensor, gains: Tensor, mirrored: Tensor) -> Tensor:
    faces = (faces * gains).clamp(0, 1)
    return torch.where(mirrored, faces.flip(3), faces)


def talking_batch(count: int = FRAMES) -> Batch:
    """So many frames of the demo's portrait, whose mouth the puppet moves with the speech."""
    batch = make_batch(load_subject(), count)
    (faces,) = load_puppet()([batch])
    return Batch(batch.mels, faces, batch.landmarks)


def train_checkpoint(path: Path, report: Report, steps: int = STEPS) -> Path:
    """Train for so many steps, always alike, and write the weights."""
    from safetensors.torch import save_file

    batch = talking_batch()
    faces = torch.from_numpy(batch.faces).permute(0, 3, 1, 2).float() / 255
    examples = Examples(torch.from_numpy(batch.mels)[:, None], faces)
    random = torch.Generator().manual_seed(0)
    network = _new_network(random)
    _train(network, examples, random, steps, report)
    _measure_norms(network, examples, random)
    state = network.eval().state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


def _new_network(random: torch.Generator) -> Wav2Lip:
    network = Wav2Lip()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            transposed = isinstance(module, nn.ConvTranspose2d)
            inputs = module.weight.shape[0 if transposed else 1] * module.kernel_size[0] ** 2
            inputs //= module.stride[0] ** 2 if transposed else 1
            nn.init.normal_(module.weight, 0, math.sqrt(2 / inputs), generator=random)
            assert module.bias is not None  # every convolution has one
            nn.init.zeros_(module.bias)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.train()


def _train(
    network: Wav2Lip, examples: Examples, random: torch.Generator, steps: int, report: Report
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), RATE, betas=(0.5, 0.999))
    for step in range(steps):
        mels, faces, wanted = examples.draw(BATCH, random)
        with torch.autocast("cpu", torch.bfloat16):
            out = network(mels, faces.contiguous(memory_format=torch.channels_last))
        loss = (out.float() - wanted).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = RATE * max(0.05, 1 - step / steps)
        optimizer.step()
        if (step + 1) % 50 == 0:
            report(f"step {step + 1} of {steps}: {255 * loss.item():.1f} levels off")


@torch.no_grad()
def _measure_norms(network: Wav2Lip, examples: Examples, random: torch.Generator) -> None:
    """Take the norms' statistics from the trained network; those kept while training lag behind."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    for _ in range(NORM_BATCHES):
        network(*examples.draw(NORM_BATCH, random)[:2])
