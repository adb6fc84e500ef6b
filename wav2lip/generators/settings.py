"""What every engine is told when it is loaded."""

from dataclasses import dataclass
from pathlib import Path

from base.errors import EngineError, UsageError
from base.geometry import Rect
from wav2lip.checkpoint import FOLDER
from wav2lip.generators.batch import SIDE, WHOLE

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class EngineSettings:
    checkpoint: Path | None = None  # found and named before; the puppet needs none
    device: str = "auto"
    half: bool = False  # 16-bit arithmetic where the processor has it
    batch_size: int = 128  # the most frames at once; an engine may take fewer
    cache: Path | None = None  # a folder for prepared networks; none: nothing is written
    shown: Rect = WHOLE  # the patch's pixels that will be looked at; the rest stay the face's
    strength: float = 1.0  # how far the mouth follows the sound: 0 not at all, 2 the most
    keep: bool = True  # write into the cache what was not in it

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise UsageError(f"device {self.device!r}: choose one of {', '.join(DEVICES)}")
        if self.batch_size < 1:
            raise UsageError(f"batch size {self.batch_size}: it must be 1 or more")
        if not 0 <= self.strength <= 2:
            raise UsageError(f"strength {self.strength}: it must be 0 to 2")
        if self.shown.bottom > SIDE or self.shown.right > SIDE:
            raise ValueError(f"a patch has {SIDE} x {SIDE} pixels, not {self.shown}")

    @property
    def weights(self) -> Path:
        return required(self.checkpoint)


def required(checkpoint: Path | None) -> Path:
    """The checkpoint, for engines that cannot do without."""
    if checkpoint is None:
        raise EngineError(
            "this engine needs a checkpoint: name one with --checkpoint_path"
            f" or put wav2lip_gan.pth into {FOLDER}"
        )
    return checkpoint
