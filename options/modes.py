"""Named bundles of options: what each sets, and what `auto` chooses on this machine."""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from base.errors import InputError, UsageError
from options.recipes import Parts, Recipe, high_quality_recipe, real_time_recipe
from wav2lip.generators import WITHOUT_NETWORK, cuda_usable, has_torch

VARIABLE = "DEFAULT_QUALITY_MODE"
Values = dict[str, Any]  # options by name

# --profile: the encoding alone. --preset takes a profile's name for each encoder's own preset.
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "real_time": {"preset": "real_time", "crf": 20, "max_bitrate": 2_000_000},
    "high_quality": {
        "preset": "high_quality",
        "crf": 18,
        "max_bitrate": 6_000_000,
        "audio_bitrate": 320_000,
    },
    "studio": {
        "preset": "studio",
        "crf": 18,
        "max_bitrate": 12_000_000,
        "audio_bitrate": 320_000,
    },
}
MODES: Mapping[str, Mapping[str, Any]] = {
    "real_time": {
        "profile": "real_time",
        "fp16": True,
        "silence_gating": True,
        "blend_method": "ellipse",
    },
    "high_quality": {"profile": "high_quality"},
}
MODE_NAMES = (*MODES, "auto")


@dataclass(frozen=True)
class Mode:
    """The mode of a run: its name as it was given, what that came to, and why."""

    name: str
    chosen: str
    reason: str
    # that it set; a flag that was given is not among them
    options: tuple[tuple[str, Any], ...] = ()
    without: str = ""  # what its recipe goes without, where parts of it are there

    def __post_init__(self) -> None:
        if self.name not in MODE_NAMES or self.chosen not in MODES:
            raise ValueError(f"no mode {self.name} comes to {self.chosen}")

    def __str__(self) -> str:
        return self.name

    @property
    def notices(self) -> tuple[str, ...]:
        """What `auto` has chosen, what moves a photo, and what a recipe goes without."""
        words = []
        if self.name == "auto":
            words.append(f"mode auto: {self.chosen} ({self.reason})")
        if (animate := dict(self.options).get("animate")) is not None:
            words.append(f"mode {self.chosen}: {animate} moves the photo{_slowly()}")
        if self.without:
            words.append(f"mode {self.chosen} is {self.without}")
        return tuple(words)

    @property
    def summary(self) -> dict[str, str]:
        """For the report."""
        reason = "; ".join(filter(None, (self.reason, self.without)))
        return {"name": self.name, "chosen": self.chosen, "reason": reason}


def with_mode(values: Mapping[str, Any], given: Collection[str]) -> Values:
    """The options as mode and profile set them; those named in `given` stay as they are."""
    name, origin = _wanted_mode(values["mode"])
    if name is None:
        return {**values, **_not_given(_encoding(values["profile"]), given)}
    chosen, reason = _choose(name, origin, values)
    recipe = _recipe(chosen, values, given)
    bundle = {**MODES[chosen], **dict(recipe.options)}
    profile = values["profile"] or bundle["profile"]
    options = _not_given({**_encoding(profile), **bundle, "profile": profile}, given)
    mode = Mode(name, chosen, reason, tuple(options.items()), recipe.words)
    return {**values, **options, "mode": mode}


def _wanted_mode(flag: str | None) -> tuple[str | None, str]:
    """The mode by flag or environment, and what named it."""
    if flag is not None:
        return flag, "--mode"
    name = os.environ.get(VARIABLE, "")
    if not name:
        return None, ""
    if name not in MODE_NAMES:
        raise UsageError(
            f"{VARIABLE}={name[:40]} in the environment: give one of {', '.join(MODE_NAMES)},"
            " or unset it"
        )
    return name, VARIABLE


def _encoding(profile: str | None) -> Mapping[str, Any]:
    return {} if profile is None else PROFILES[profile]


def _not_given(options: Mapping[str, Any], given: Collection[str]) -> Values:
    """The options without those that have been given by themselves."""
    return {name: value for name, value in options.items() if name not in given}


def _choose(name: str, origin: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """The mode's entry in MODES, and why."""
    if name != "auto":
        return name, f"{origin} names it"
    enhancer = values.get("enhance") or _enhancer()
    if enhancer is not None and _has_gpu(values["device"]):
        return "high_quality", f"a GPU, and {enhancer} restores faces"
    wav2lip = _wav2lip(values)
    if wav2lip is not None:
        return "real_time", f"{wav2lip} draws the mouth; {_missing(enhancer)}"
    return "real_time", "no weights of Wav2Lip: the built-in puppet moves the mouth"


def _missing(enhancer: Path | None) -> str:
    """What keeps `auto` from high_quality."""
    return "no weights that restore faces" if enhancer is None else "no GPU"


def _has_gpu(device: str) -> bool:
    return device != "cpu" and cuda_usable()


def _wav2lip(values: Mapping[str, Any]) -> Path | None:
    from options.weights import find_wav2lip

    return None if values["engine"] in WITHOUT_NETWORK else find_wav2lip(values["checkpoint_path"])


def _enhancer() -> Path | None:
    """Without a mode none is looked for, and nothing imported for it."""
    from options.weights import find_enhancer

    return find_enhancer()


def _recipe(chosen: str, values: Mapping[str, Any], given: Collection[str]) -> Recipe:
    """What the mode puts together from the networks that are there."""
    from options.weights import DIFF2LIP, FOMM, SADTALKER, has_networks

    moves = "animate" not in given and not values["idle"]  # the mode may move a photo
    photo = moves and (values["static"] or _is_photo(values["face"]))
    parts = Parts(photo=photo, driving=values["driving_video"] is not None, torch=has_torch())
    if chosen == "real_time":
        there = photo and has_networks("sadtalker", SADTALKER)
        return real_time_recipe(replace(parts, sadtalker=there))
    draws = "engine" not in given and values["checkpoint_path"] is None
    parts = replace(
        parts,
        gpu=_has_gpu(values["device"]),
        fomm=photo and has_networks("fomm", FOMM),
        diff2lip=draws and has_networks("diff2lip", DIFF2LIP),
        enhancer=values["enhance"] or _enhancer(),
    )
    return high_quality_recipe(parts)


def _slowly() -> str:
    """What the user should know where there is no GPU."""
    return "" if cuda_usable() else ", seconds a frame on a CPU; --animate none leaves it still"


def _is_photo(face: Path | None) -> bool:
    """Whether the face is a single picture; what cannot be read is told later."""
    from video.source import is_photo

    with suppress(InputError):
        return face is not None and is_photo(face)
    return False
