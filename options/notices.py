"""What the user should know of flags that change nothing beside the others."""

from collections.abc import Iterator, Mapping
from typing import Any

from options.animation import FOMM, SADTALKER
from options.box import UNSET_BOX
from wav2lip.generators import DIFF2LIP

Values = Mapping[str, Any]  # options by name

REQUIRED_FLAGS = {
    "sharpen_amount": "sharpen_mouth",
    "smooth_window": "temporal_smooth",
    "smooth_mode": "temporal_smooth",
    "upscaler": "upscale",
    "interpolator": "out_fps",
    "driving_video": "animate",
    "subtitle_font": "burn_subtitles",
    "enhance_region": "enhance",
    "enhance_strength": "enhance",
}
OF_SADTALKER = ("animate_size", "preprocess", "pose_style", "still_head")
OF_A_TEXT = ("voice", "language", "speaking_rate", "pitch", "speech_file")


def ineffective_flags(values: Values, defaults: Values) -> Iterator[str]:
    """A notice for each flag that has no effect."""
    if values["silence_gating"] and values["vad"] == "none":
        yield "--vad none takes everything for speech: --silence_gating skips nothing"
    changed = {name for name in values if values[name] != defaults[name]}
    yield from (
        f"--{n} changes nothing without --{w}" for n, w in unmet_needs(values) if n in changed
    )
    if values["recognise_phonemes"] and values["visemes"] is not None:
        yield "--visemes says what is spoken: --recognise_phonemes changes nothing"
    if values["audio"] is not None:
        yield from (f"--{n} changes nothing without --text" for n in OF_A_TEXT if n in changed)
    if values["box"] != UNSET_BOX and values["face_select"] != "largest":
        yield "--box says whose face it is: --face_select changes nothing"


def unmet_needs(values: Values) -> Iterator[tuple[str, str]]:
    """Options, by name, and what each needs that is not asked for."""
    animate = values["animate"]
    yield from ((name, flag) for name, flag in REQUIRED_FLAGS.items() if not values[flag])
    if values["engine"] != DIFF2LIP:
        yield "diffusion_steps", "engine diff2lip"
    if animate is None and not values["idle"]:
        yield "expression_scale", "animate"
        if values["engine"] != DIFF2LIP:  # whose noise has a seed, too
            yield "seed", "animate"
    if animate != SADTALKER:
        yield from ((name, "animate sadtalker") for name in OF_SADTALKER)
    if animate != FOMM:
        yield "motion", "animate fomm"
