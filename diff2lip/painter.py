"""Paints the lower half of faces to a sound."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from base.errors import EngineError
from base.generator import Patches
from base.prefetch import check_wanted
from diff2lip.framing import FIRST_ROW, SIDE
from diff2lip.networks import Networks
from diff2lip.sampling import Predict, sample
from diff2lip.schedule import Schedule
from networks.running import run_errors


class Painter:
    """The same noise for every frame: what moves is what the sound and the face change."""

    def __init__(
        self, networks: Networks, schedule: Schedule, seed: int, overflow_message: str
    ) -> None:
        self.networks = networks
        self.steps = len(schedule)
        self._schedule = schedule
        self._overflow_message = overflow_message
        self._noise = torch.from_numpy(noise(seed)).to(networks.device)
        with torch.inference_mode():
            times = torch.from_numpy(schedule.times).to(networks.device)
            self._times = networks.time(times)  # (steps, 512)

    def release(self) -> None:
        """Give back what the GPU keeps for later frames."""
        if self.networks.device == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def __call__(self, mels: NDArray[np.float32], faces: Patches) -> Patches:
        """(n, 80, 16) and (n, 128, 128, 3) -> the faces, new from FIRST_ROW on.

        EngineError where the network's output is no number; whoever called may end it by
        `check_wanted` between two steps.
        """
        pictures = to_pictures(faces).to(self.networks.device)
        predict = self._predictor(torch.tensor(mels).to(self.networks.device), pictures)
        painted = pictures
        for step in sample(predict, self._noise.expand_as(pictures), self._schedule):
            painted = step.clean
            check_wanted()
        patches = faces.copy()
        patches[:, FIRST_ROW:] = to_faces(painted[:, :, FIRST_ROW:])
        return patches

    def _predictor(self, mels: Tensor, pictures: Tensor) -> Predict:
        """What stays the same in all steps is computed here."""
        networks = self.networks
        hints = below(pictures, self._noise)
        with run_errors():
            condition, styles = networks.condition(hints, pictures), networks.style(mels)

        def predict(noisy: Tensor, step: int) -> Tensor:
            embeddings = self._times[step] + styles
            with run_errors():
                predicted = networks.evaluate(below(hints, noisy), condition, embeddings)
            if not predicted.isfinite().all():
                raise EngineError(self._overflow_message)
            return predicted

        return predict


def noise(seed: int) -> NDArray[np.float32]:
    """One picture of it (1, 3, 128, 128)."""
    random = np.random.default_rng(seed)
    return random.standard_normal((1, 3, SIDE, SIDE), dtype=np.float32)


def below(upper: Tensor, lower: Tensor) -> Tensor:
    """Pictures with another's lower half."""
    lower = lower.expand_as(upper)
    return torch.cat((upper[:, :, :FIRST_ROW], lower[:, :, FIRST_ROW:]), dim=2)


def to_pictures(faces: Patches) -> Tensor:
    """BGR (n, height, width, 3) -> RGB (n, 3, height, width) in -1..1."""
    channels_first = np.ascontiguousarray(faces[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return torch.from_numpy(channels_first) * (2 / 255) - 1


def to_faces(pictures: Tensor) -> Patches:
    """The way back, rounded to the nearest level."""
    levels = ((pictures + 1) * (255 / 2)).round().clamp(0, 255).to(torch.uint8)
    return np.asarray(levels.permute(0, 2, 3, 1).flip(-1).cpu().numpy(), np.uint8)
