"""What `--animate sadtalker` allows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from base.errors import UsageError
from options.animation import SADTALKER

FULL, CROP = "full", "crop"
PREPROCESS = (FULL, CROP)
TEMPLATE = ".pkl"  # LivePortrait's motion


def check_sadtalker(options: Mapping[str, Any], has_box: bool) -> None:
    """UsageError for flags that contradict it."""
    if options["animate"] != SADTALKER:
        return
    driving: Path | None = options["driving_video"]
    if driving is not None and driving.suffix.lower() == TEMPLATE:
        raise UsageError(f"--driving_video {driving}: SadTalker follows a video, not a template")
    if has_box and options["preprocess"] == CROP:
        raise UsageError("--preprocess crop shows the face by itself: leave --box out")
