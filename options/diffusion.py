"""Flags of Diff2Lip, and what they change without it."""

from collections.abc import Iterable

from diff2lip.schedule import DEFAULT_STEPS
from wav2lip.generators import DIFF2LIP


def steps_notices(engine: str, steps: int) -> list[str]:
    """That --diffusion_steps has no effect with another engine."""
    if steps == DEFAULT_STEPS or engine == DIFF2LIP:
        return []
    return ["--diffusion_steps changes nothing without --engine diff2lip"]


def of_motion_alone(names: Iterable[str], engine: str) -> list[str]:
    """Of flags that move a photo, those that change nothing else: the seed makes noise, too."""
    return [name for name in names if name != "seed" or engine != DIFF2LIP]
