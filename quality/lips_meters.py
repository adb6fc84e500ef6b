"""The meters of a mouth whose lips are seen: its place, whether it is one, its detail, its calm."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture, Points
from base.lips import CONTOURS, LEFT_EYE, RIGHT_EYE
from faces.lips import Mesh, see_lips
from faces.view import Square
from faces.watch import SHAKES
from quality.detail import fine_detail
from quality.double_mouth import another_mouth, remaining_lips
from quality.mouth_pair import MouthPair, corners, cut_out, level
from quality.mouths import SeenMouth
from quality.place import mouth_offset, new_spot
from quality.steadiness import are_consecutive

Floats = NDArray[np.float64]

FRAME_STEP = 8  # frames: a place is looked at once in so many, in the first of those measured
LEAST_MOVED = 3  # frames whose lips moved far: in fewer an old mouth behind them cannot be told
UPPER = 0.75  # share of the frames: another mouth is told in those whose new mouth is like the old
MOST = 0.95  # share of the frames that keep a limit
# Of the source's logit, and of the distance of the eyes: a new mouth lowers the first by 0.6 and
# adds 0.006 to the motion under shaking, noise instead of it 1 to 5 and 0.01 to 0.08.
LOGIT_FALL, SHAKEN_MORE = 2.0, 0.02
SCALE, CROP, ABOVE = 96.0, (160, 160), 64  # pixels of a mouth's width, of a crop, above the mouth
FINE = 1.0  # pixels of such a crop: sigma of the blur whose difference to it is fine detail
STRONGEST = 0.99  # of the detail's sizes
LEAST_DETAIL, LEAST_STRONGEST = 0.3, 2.0  # levels: less is the encoder's
# Pulses: half axes of the oval around the mouth, and its middle below it, in mouth widths. Further
# out nose, hair and collar never change, and would hide that the mouth does.
OVAL_AXES, OVAL_BELOW = (0.83, 0.6), 0.1
MOST_DETAIL = 3.0  # levels: edges of teeth are stronger, and come and go with them


class LipsMeter(Protocol):
    """Measures the mouths of many frames whose lips are seen beside a source."""

    def add(self, mouth: "MouthSight", /) -> None: ...

    def value(self) -> float | None:
        """The figure over all frames; none where there was nothing to measure."""


@dataclass(frozen=True, eq=False)
class MouthSight:
    """A mouth in a frame, and what the network sees in the source through the same square."""

    mouth: SeenMouth
    pair: MouthPair
    source: "SourceLook"

    @property
    def index(self) -> int:
        return self.mouth.index


class SourceLook:
    """What is seen in a part of the source, looked at when it is first asked for."""

    def __init__(self, picture: Picture, square: Square) -> None:
        self.picture, self.square = picture, square
        self._mesh: Mesh | None = None
        self._shaken: float | None = None

    @property
    def mesh(self) -> Mesh:
        if self._mesh is None:
            self._mesh = see_lips(self.picture, self.square)
        return self._mesh

    @property
    def shaken(self) -> float:
        if self._shaken is None:
            self._shaken = shaken_lips(self.picture, self.square)
        return self._shaken


class Sights:
    """Looks at the source once where frame after frame shows the same picture of it."""

    def __init__(self) -> None:
        self._last: SourceLook | None = None

    def of(self, mouth: SeenMouth | None) -> MouthSight | None:
        """None without lips, or without a source."""
        pair = None if mouth is None else mouth.pair
        if mouth is None or pair is None:
            return None
        if self._last is None or self._last.picture is not pair.source:
            self._last = SourceLook(pair.source, mouth.square)
        return MouthSight(mouth, pair, self._last)


def shaken_lips(picture: Picture, square: Square) -> float:
    """How far the lips move when the square is shaken, in distances of the eyes."""
    first, second = (see_lips(picture, square.jittered(*shake)).lips for shake in SHAKES)
    left, right = first.mesh(LEFT_EYE[0], RIGHT_EYE[1])
    moves = np.hypot(*(first.points - second.points)[:CONTOURS].T)
    return float(moves.mean() / max(float(np.hypot(*(right - left))), 1e-6))


class MouthOffset:
    """How far the result's mouth lies beside the source's: mouth widths."""

    def __init__(self) -> None:
        self._offsets: list[float] = []

    def add(self, sight: MouthSight) -> None:
        self._offsets.append(mouth_offset(sight.pair))

    def value(self) -> float | None:
        return float(np.quantile(self._offsets, MOST)) if self._offsets else None


class DoubleMouth:
    """The share of an old mouth behind the new lips, or above or below them; 0 is good."""

    def __init__(self) -> None:
        self._behind: list[float] = []
        self._elsewhere: list[float] = []

    def add(self, sight: MouthSight) -> None:
        behind = remaining_lips(sight.pair)
        if np.isfinite(behind):
            self._behind.append(behind)
        if sight.index % FRAME_STEP == 0:
            self._elsewhere.append(another_mouth(sight.pair))

    def value(self) -> float | None:
        if not self._elsewhere:
            return None
        enough = len(self._behind) >= LEAST_MOVED
        behind = float(np.median(self._behind)) if enough else 0.0
        return max(behind, float(np.quantile(self._elsewhere, UPPER)), 0.0)


class NewSpot:
    """How far from the source's lips the upper edge of what is new lies: mouth widths.

    It knows nothing of the result's lips. Each frame counts by how conspicuous it is, for shadows
    that move are a little new, too.
    """

    def __init__(self) -> None:
        self._edges: list[tuple[float, float]] = []  # with their weights

    def add(self, sight: MouthSight) -> None:
        if sight.index % FRAME_STEP == 0:
            spot = new_spot(sight.pair)
            if spot.mass > 0:
                self._edges.append((spot.edge, spot.mass))

    def value(self) -> float | None:
        if not self._edges:
            return None
        edges, weights = np.array(self._edges).T
        return float(np.average(edges, weights=weights))


class MouthDoubt:
    """Whether the network doubts the result's mouth more than the source's: 0 not at all.

    It believes less in the face, or its lips are only guessed: they move when the crop is shaken.
    """

    def __init__(self) -> None:
        self._doubts: list[float] = []

    def add(self, sight: MouthSight) -> None:
        if sight.index % FRAME_STEP:
            return
        fall = sight.source.mesh.logit - sight.mouth.logit
        more = shaken_lips(sight.pair.result, sight.mouth.square) - sight.source.shaken
        self._doubts.append(max(fall, 0.0) / LOGIT_FALL + max(more, 0.0) / SHAKEN_MORE)

    def value(self) -> float | None:
        return float(np.mean(self._doubts)) if self._doubts else None


class OverSharpened:
    """The strongest fine detail of mouth and chin over the source's; blocks have far more."""

    def __init__(self) -> None:
        self._gains: list[tuple[int, float]] = []

    def add(self, sight: MouthSight) -> None:
        self._gains.append((sight.index, detail_gain(sight.pair, strongest_detail)))

    def value(self) -> float | None:
        return float(np.median([gain for _, gain in self._gains])) if self._gains else None


class SharpnessPulses(OverSharpened):
    """How much detail around the mouth changes from one frame to the next, in the liveliest."""

    def add(self, sight: MouthSight) -> None:
        self._gains.append((sight.index, detail_gain(sight.pair, mean_detail)))

    def value(self) -> float | None:
        pairs = zip(self._gains, self._gains[1:], strict=False)
        steps = [abs(np.log(b / a)) for (i, a), (k, b) in pairs if k - i == 1]
        return float(np.quantile(steps, MOST)) if steps else None


def detail_gain(pair: MouthPair, amount: Callable[[NDArray[np.float32]], float]) -> float:
    """The amount of fine detail around the result's mouth over that around the source's."""
    to_crop = upright(pair)
    parts = (cut_out(part, to_crop, CROP) for part in (pair.source, pair.result))
    source, result = (amount(np.abs(fine_detail(part, FINE))) for part in parts)
    return result / source


def mean_detail(sizes: NDArray[np.float32]) -> float:
    """Of a crop, around the mouth."""
    return float(np.minimum(sizes, MOST_DETAIL)[around_mouth()].mean()) + LEAST_DETAIL


@cache
def around_mouth() -> NDArray[np.bool_]:
    """The oval of a crop in which the mouth may be drawn."""
    (x, y), (across, down) = (CROP[0] / 2, ABOVE + OVAL_BELOW * SCALE), OVAL_AXES
    rows, columns = np.mgrid[: CROP[1], : CROP[0]]
    away = np.hypot((columns - x) / (across * SCALE), (rows - y) / (down * SCALE))
    return np.asarray(away < 1)


def strongest_detail(sizes: NDArray[np.float32]) -> float:
    return float(np.quantile(sizes, STRONGEST)) + LEAST_STRONGEST


def upright(pair: MouthPair) -> Affine:
    """From the part to an upright crop around the source's mouth."""
    left, right = pair.source_lips.mesh(LEFT_EYE[0], RIGHT_EYE[1])
    middle = corners(pair.source_lips).mean(axis=0)
    turn = level(left, right, middle, SCALE / pair.mouth_width)
    return turn.then(Affine.shift(CROP[0] / 2, ABOVE))


class CornersTremble:
    """How far the corners of the mouth hop against the head, beyond the source's: percent of it.

    The median: the corners of a mouth that speaks move, too, but smoothly in most frames.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[int, Points]] = deque(maxlen=3)
        self._squares: list[Floats] = []  # of the result's and of the source's hops

    def add(self, sight: MouthSight) -> None:
        lips = sight.mouth.lips, sight.source.mesh.lips
        places = np.stack([sight.pair.to_head(corners(each)) for each in lips])
        self._last.append((sight.index, places))
        if are_consecutive(self._last):
            (_, previous), (_, current), (_, following) = self._last
            hops = np.square(current - (previous + following) / 2).sum(axis=-1)
            self._squares.append(hops.mean(axis=-1))

    def value(self) -> float | None:
        if not self._squares:
            return None
        result, source = np.median(self._squares, axis=0).tolist()
        return float(100 * np.sqrt(max(result - source, 0.0)))


LIPS_METERS: Mapping[str, Callable[[], LipsMeter]] = {
    "double_mouth": DoubleMouth,
    "mouth_offset": MouthOffset,
    "new_spot": NewSpot,
    "mouth_doubt": MouthDoubt,
    "over_sharpened": OverSharpened,
    "sharpness_pulses": SharpnessPulses,
    "corners_tremble": CornersTremble,
}
