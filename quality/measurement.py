"""Everything that is measured of a result, in one pass over its frames."""

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from audio.load import load_sound
from base.errors import NoFaceError
from quality.comparison import Comparison, compared_frames
from quality.lengths import measure_lengths
from quality.meters import Meters
from quality.opening import Openings, SeenBy, mouth_openings
from quality.rest import Rest, measure_rest, speech_frames
from quality.series import own_opening, remaining_speech
from quality.snapshots import Snapshot, Snapshots
from quality.sync import Floats, Sync, frame_loudness, measure_sync
from quality.verdict import Values, VerdictLine, judge, worst_level
from video.shape import Shape
from video.source import open_source

LEAST_CONFIDENCE = 0.5  # a lag that is less sure is not reported
LEAST_SPEECH = 2  # seconds: in less, nobody can say whether lips follow
LEAST_PAUSE = 0.4  # seconds: in less a mouth need not come to rest


@dataclass(frozen=True, eq=False)
class Measurement:
    """The figures of a result, and the curves and pictures behind them."""

    result: Path
    source: Path | None
    fps: Fraction
    values: dict[str, float | None]  # by the names in verdict.BOUNDS
    openings: Floats  # of the mouth, in each frame; NaN without a face
    seen_by: SeenBy
    loudness: Floats  # of the voice at each frame's time
    sync: Sync
    snapshots: tuple[Snapshot, ...]

    @property
    def verdict_lines(self) -> tuple[VerdictLine, ...]:
        return judge(self.values)

    @property
    def frames(self) -> int:
        return len(self.openings)


def measure(comparison: Comparison) -> Measurement:
    """All figures of the result; NoFaceError where it shows no face at all."""
    meters, snapshots = Meters(), Snapshots()
    with closing(compared_frames(comparison)) as frames:
        openings = mouth_openings(snapshots.observe(meters.observe(frames)))
    if not snapshots.kept:
        raise NoFaceError(f"no face found in {comparison.result}: there is nothing to judge")
    fps = open_source(comparison.result, Shape(), comparison.fps).fps
    sound, delay = load_sound(comparison.sound), comparison.mouth_delay
    loudness = frame_loudness(sound, fps, len(openings.result), delay)
    sync = measure_sync(openings.result, loudness, fps)
    speech = speech_frames(sound, fps, len(loudness), delay)
    rest = measure_rest(openings.result, speech, fps, own_opening(openings.source))
    return Measurement(
        result=comparison.result,
        source=comparison.source,
        fps=fps,
        values={
            "lag_ms": sync.lag_ms if sync.confidence >= LEAST_CONFIDENCE else None,
            "sync_confidence": sync_confidence(sync, loudness, fps),
            **rest_values(rest),
            **source_values(comparison, openings, loudness),
            "ends_apart_ms": measure_lengths(comparison.result).end_difference_ms,
            **meters.values(),
        },
        openings=openings.result,
        seen_by=openings.seen_by,
        loudness=loudness,
        sync=sync,
        snapshots=tuple(snapshots.kept),
    )


def sync_confidence(sync: Sync, loudness: Floats, fps: Fraction) -> float | None:
    """How sure it is that the mouth follows; none where there is no voice, or too little of it."""
    has_voice = len(loudness) >= LEAST_SPEECH * fps and float(np.ptp(loudness)) > 0
    return sync.confidence if has_voice else None


def rest_values(rest: Rest) -> dict[str, float | None]:
    """The figures of the mouth in pauses and in speech; none where there is hardly any of it."""
    has_pauses, has_speech = rest.pause_seconds >= LEAST_PAUSE, rest.speech_seconds >= LEAST_SPEECH
    return {
        "moves_in_pauses": rest.moves_in_pauses if has_pauses else None,
        "open_in_pauses": rest.open_in_pauses if has_pauses else None,
        "share_of_speech_moving": rest.share_of_speech_moving if has_speech else None,
    }


def source_values(
    comparison: Comparison, openings: Openings, loudness: Floats
) -> dict[str, float | None]:
    """Whether the source's lips are seen, and what is left of its speech; none without a source."""
    if comparison.source is None:
        return {"lips_seen": None, "old_speech": None}
    old = remaining_speech(openings.result, openings.source, loudness)
    return {
        "lips_seen": openings.lips_seen,
        "old_speech": old if openings.seen_by == "lips" else None,
    }


def empty_report() -> dict[str, Any]:
    """The report's part about a result of which nothing could be measured."""
    return {"verdict": "unknown", "frames": 0, "mouth_seen_by": None, "figures": figures_json({})}


def as_json(measurement: Measurement) -> dict[str, Any]:
    """The report's part about a result: its verdict and every figure with its level."""
    return {
        "verdict": worst_level(measurement.verdict_lines),
        "frames": measurement.frames,
        "mouth_seen_by": measurement.seen_by,
        "figures": figures_json(measurement.values),
    }


def figures_json(values: Values) -> dict[str, dict[str, float | str | None]]:
    """Every figure with its level, by the meter's name."""
    return {
        line.bound.meter: {"value": values.get(line.bound.meter), "level": line.level}
        for line in judge(values)
    }
