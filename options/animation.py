"""What `--animate` names: a way to move a photo, or a folder with LivePortrait's networks."""

from pathlib import Path

from base.errors import UsageError

IDLE, FOMM, SADTALKER = "idle", "fomm", "sadtalker"
LIVEPORTRAIT = "liveportrait"  # where a folder is named
NONE = "none"  # for a photo that rests, also where a mode would move it
NAMES = (IDLE, FOMM, SADTALKER)
RELATIVE, ABSOLUTE = MOTIONS = ("relative", "absolute")
DRIVEN = {LIVEPORTRAIT: "a video or a template", FOMM: "a video"}  # what has no motion of its own


def parse_animation(text: str) -> str | None:
    """The name or folder; None for "none"."""
    return None if text == NONE else text


def names_folder(animate: str) -> bool:
    """Whether it is a folder, and none of the names."""
    return animate not in NAMES


def mover_of(animate: str | None) -> str | None:
    """Whose networks make a moving source of the photo; None where none do."""
    if animate is None or animate == IDLE:
        return None
    return LIVEPORTRAIT if names_folder(animate) else animate


def check_animation(animate: str | None, driving: Path | None) -> None:
    """UsageError where networks are named without the motion that they need."""
    motion = DRIVEN.get(mover_of(animate) or "")
    if motion is not None and driving is None:
        raise UsageError(f"--animate {animate} needs a motion: name {motion} with --driving_video")
