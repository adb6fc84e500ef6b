"""Everything about a result in one pass over its frames."""

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from audio.load import load
from base.errors import NoFaceError
from quality.drift import SURE, length_of
from quality.meters import Meters
from quality.opening import openings
from quality.rest import Rest, rest_of, spoken
from quality.strip import Shot, Strip
from quality.sync import Floats, Sync, loudness_of, sync_of
from quality.verdict import Line, Values, verdict, worst
from quality.view import View, sights
from video.shape import Shape
from video.source import open_source

SPOKEN = 2  # seconds: in less, nobody can say whether lips follow
PAUSE = 0.4  # seconds: in less a mouth need not come to rest


@dataclass(frozen=True, eq=False)
class Measured:
    """The figures of a result, and what they were read from."""

    result: Path
    source: Path | None
    fps: Fraction
    values: dict[str, float | None]  # by the names in verdict.BOUNDS
    openings: Floats  # of the mouth, in each frame; NaN without a face
    loudness: Floats  # of the voice at each frame's time
    sync: Sync
    shots: tuple[Shot, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return verdict(self.values)

    @property
    def frames(self) -> int:
        return len(self.openings)


def measured(view: View) -> Measured:
    """The result that `view` tells of; NoFaceError where no meter can see anything."""
    meters, strip = Meters(), Strip()
    with closing(sights(view)) as seen:
        opened = openings(strip.watched(meters.watched(seen)))
    if not strip.shots:
        raise NoFaceError(f"no face found in {view.result}: there is nothing to judge")
    fps = open_source(view.result, Shape(), view.fps).fps
    sound = load(view.sound)
    loudness = loudness_of(sound, fps, len(opened), view.late)
    sync = sync_of(opened, loudness, fps)
    return Measured(
        result=view.result,
        source=view.source,
        fps=fps,
        values={
            "lag_ms": sync.lag_ms if sync.confidence >= SURE else None,
            "sync_confidence": following(sync, loudness, fps),
            **resting(rest_of(opened, spoken(sound, fps, len(opened), view.late), fps)),
            "ends_apart_ms": length_of(view.result).apart_ms,
            **meters.values(),
        },
        openings=opened,
        loudness=loudness,
        sync=sync,
        shots=tuple(strip.shots),
    )


def following(sync: Sync, loudness: Floats, fps: Fraction) -> float | None:
    """How sure it is that the mouth follows; none where there is no voice, or too little."""
    heard = len(loudness) >= SPOKEN * fps and float(np.ptp(loudness)) > 0
    return sync.confidence if heard else None


def resting(rest: Rest) -> dict[str, float | None]:
    """What the mouth does in pauses and in speech; none where there is hardly any."""
    paused, spoke = rest.pause_seconds >= PAUSE, rest.speech_seconds >= SPOKEN
    return {
        "moves_in_pauses": rest.moves_in_pauses if paused else None,
        "open_in_pauses": rest.open_in_pauses if paused else None,
        "share_of_speech_moving": rest.share_of_speech_moving if spoke else None,
    }


def unmeasured() -> dict[str, Any]:
    """The same where no meter saw anything."""
    return {"verdict": "unknown", "frames": 0, "figures": figures({})}


def plain(of: Measured) -> dict[str, Any]:
    """As JSON can hold it."""
    return {"verdict": worst(of.lines), "frames": of.frames, "figures": figures(of.values)}


def figures(values: Values) -> dict[str, dict[str, float | str | None]]:
    """Each as it was measured, and what is thought of it."""
    return {
        line.bound.meter: {"value": values.get(line.bound.meter), "level": line.level}
        for line in verdict(values)
    }
