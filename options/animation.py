"""What `--animate` names: a way of this program, or a folder with LivePortrait's networks."""

from pathlib import Path

from base.errors import UsageError

IDLE = "idle"


def animation_folder(animate: str | None, driving: Path | None) -> Path | None:
    """The folder with the networks, where one is named; UsageError without a motion for them."""
    if animate is None or animate == IDLE:
        return None
    if driving is None:
        raise UsageError(
            f"--animate {animate} needs a motion: name a video or a template with --driving_video"
        )
    return Path(animate)
