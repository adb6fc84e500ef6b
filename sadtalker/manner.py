"""How a photo speaks, as the user wants it."""

from dataclasses import dataclass

STYLES = 46  # ways to move the head


@dataclass(frozen=True)
class Manner:
    """How the photo speaks."""

    full: bool = True  # laid back into the photo; else its square alone is shown
    expression_scale: float = 1.0  # of lips, brows and lids
    style: int = 0  # of the head's motion
    still_head: bool = False
    seed: int = 0  # of motion and blinks

    def __post_init__(self) -> None:
        if not 0 <= self.style < STYLES or self.expression_scale < 0:
            raise ValueError(f"nobody speaks so: {self}")
