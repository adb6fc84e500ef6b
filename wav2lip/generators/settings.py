"""The settings that every engine is loaded with."""

from dataclasses import dataclass
from pathlib import Path

from base.errors import EngineError, UsageError
from base.generator import SIDE, WHOLE_PATCH
from base.geometry import Rect
from diff2lip.schedule import DEFAULT_STEPS

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class EngineSettings:
    """The options of an engine, checked."""

    checkpoint: Path | None = None  # as `find_checkpoint` returned it; the puppet needs none
    device: str = "auto"
    half: bool = False  # 16-bit arithmetic where the processor has it
    batch_size: int = 128  # the most frames at once; an engine may take fewer
    visible: Rect = WHOLE_PATCH  # the patch's pixels that show in the frames; the rest is the face
    strength: float = 1.0  # lip strength: 0 ignores the sound, 1 is the network's own, 2 the most
    visemes: Path | None = None  # a track of phonemes, for the puppet alone
    recognised: Path | None = None  # a sound whose phonemes it follows where there is no track
    int8: bool = False  # 8-bit arithmetic where processor and weights allow it
    steps: int = DEFAULT_STEPS  # of diffusion
    seed: int = 0  # of the noise that diffusion begins with
    cache: Path | None = None  # the folder in which ranges of 8 bits are kept; none: nothing is

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise UsageError(f"device {self.device!r}: choose one of {', '.join(DEVICES)}")
        if self.batch_size < 1:
            raise UsageError(f"batch size {self.batch_size}: it must be 1 or more")
        if not 0 <= self.strength <= 2:
            raise UsageError(f"strength {self.strength}: it must be 0 to 2")
        if self.visible.bottom > SIDE or self.visible.right > SIDE:
            raise ValueError(f"a patch has {SIDE} x {SIDE} pixels, not {self.visible}")

    @property
    def weights(self) -> Path:
        """The checkpoint, for engines that need one; EngineError if there is none."""
        return required_checkpoint(self.checkpoint)

    @property
    def overflow_message(self) -> str:
        """What to tell the user when the network's output holds NaN or infinity."""
        problem = f"{self.weights}: the network's output is no number: its weights overflow"
        if self.half:
            return f"{problem} in half precision; run without --fp16"
        if self.int8:
            return f"{problem} in low precision; run without --int8"
        from wav2lip.checkpoint import HOW_TO_GET

        return f"{problem}; {HOW_TO_GET}"


def required_checkpoint(checkpoint: Path | None) -> Path:
    """Return the checkpoint; EngineError, which names the searched folders, if there is none."""
    if checkpoint is None:
        from wav2lip.checkpoint import checkpoint_folders

        folders = " or ".join(map(str, checkpoint_folders()))
        raise EngineError(
            "this engine needs a checkpoint: name one with --checkpoint_path"
            f" or put wav2lip_gan.pth into {folders}"
        )
    return checkpoint
