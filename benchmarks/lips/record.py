"""What is seen of a mouth in every frame of a result."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.geometry import Points
from benchmarks.lips.pairs import LipsPair
from benchmarks.lips.tone import teeth_tone
from quality.detail import detail_kept
from quality.mouth_pair import corners, opening
from quality.place import lips_offset, new_spot

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MouthRecord:
    """A row for every frame that shows a face; lengths in mouth widths; NaN is unknown."""

    times: Floats  # seconds
    starts_shot: Floats  # 1 where a shot begins, or the face was gone before
    openings: Floats
    source_openings: Floats
    corners: Floats  # (frames, 2, 2) from the middle of the eyes
    source_corners: Floats
    lips_offsets: Floats  # of the middle between the lips from the source's inner lips
    new_middles: Floats  # the same of the middle of what is new in the picture
    new_edges: Floats  # the same of its upper edge
    detail: Floats  # share of the source's, around the lips
    tones: Floats  # of the teeth, Lab
    faceless: int = 0  # frames in which the source shows no face

    def __post_init__(self) -> None:
        lengths = {len(value) for value in vars(self).values() if isinstance(value, np.ndarray)}
        if len(lengths) != 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.times)

    @property
    def shots(self) -> NDArray[np.bool_]:
        return self.starts_shot > 0

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        frames = len(self.times)
        return float(self.times[-1] - self.times[0]) * frames / (frames - 1) if frames > 1 else 0.0


COLUMNS = tuple(field.name for field in fields(MouthRecord) if field.name != "faceless")


def record_of(pairs: Iterable[LipsPair | None], needs: str = "all") -> MouthRecord:
    """Measure every pair; `needs` is a key of LOOKS, and the rest of the columns stay NaN."""
    rows, faceless, gone, look = [], 0, False, LOOKS[needs]
    for pair in pairs:
        if pair is None:
            faceless, gone = faceless + 1, True
            continue
        rows.append([*_motion(pair, gone), *look(pair)])
        gone = False
    return from_rows(rows, faceless)


def from_rows(rows: Sequence[Sequence[float | Points]], faceless: int) -> MouthRecord:
    """The record of measured frames, a row with a value for each of COLUMNS."""
    columns = [np.array(column, np.float64) for column in zip(*rows, strict=True)]
    if not columns:
        columns = [np.zeros((0, 2, 2) if "corners" in name else 0) for name in COLUMNS]
    values: dict[str, Any] = dict(zip(COLUMNS, columns, strict=True))
    return MouthRecord(**values, faceless=faceless)


def _motion(pair: LipsPair, gone: bool) -> Iterator[float | Points]:
    yield pair.time
    yield float(pair.starts_shot or gone)
    both = pair.result_lips, pair.source_lips
    yield from (opening(lips, pair.mouth_width) for lips in both)
    yield from (pair.to_head(corners(lips)) for lips in both)


def _place(pair: LipsPair) -> tuple[float, ...]:
    spot = new_spot(pair)
    return lips_offset(pair), spot.middle, spot.edge, np.nan, np.nan


def _everything(pair: LipsPair) -> tuple[float, ...]:
    return *_place(pair)[:3], detail_kept(pair), teeth_tone(pair)


LOOKS: dict[str, Callable[[LipsPair], tuple[float, ...]]] = {
    "all": _everything,
    "place": _place,
    "rest": lambda pair: (np.nan,) * 5,
}
