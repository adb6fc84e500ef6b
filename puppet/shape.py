"""The shape of a mouth in a pose: how its lips, its jaw and the skin between them move."""

from dataclasses import dataclass

import numpy as np

from base.geometry import Points
from puppet.contours import Contours, FaceShape, Floats
from puppet.motion import Pose

# Lengths are in the mouth's unit, about the distance of the outer corners of the eyes.
WIDEST = 0.25  # gap between the lips at an opening of 1, a shout
OPENING = 0.60  # at a jaw of 1
UPPER_SHARE = 0.45  # of the way to each other that the upper lip goes
TO_MEET = np.array(  # shares of the gap that each contour goes down until the lips meet
    [0.62 * UPPER_SHARE, UPPER_SHARE, UPPER_SHARE - 1, -0.85 * (1 - UPPER_SHARE)]
)
# The line between lips that meet goes so far down at each point: the upper lip is fullest in the
# middle and higher beside it. A smile, whose middle is so far below its corners, has one curve.
BOW = np.array([0.0, -0.001, -0.004, -0.007, -0.003, 0.003, -0.003, -0.007, -0.004, -0.001, 0.0])
SMILE = 0.06
UPPER_LIFT, LOWER_DROP = 0.14, 0.80  # share of the gap that each lip opens
MOST_RAISED = 0.25  # of the gap: as far as an upper lip goes up again
JAW_DROP = 0.62  # of the gap
ROUND, SPREAD, NARROW = 0.24, 0.10, 0.08  # how much narrower or wider a mouth gets
ROUND_THICKNESS, SPREAD_THICKNESS = 0.016, 0.008  # what lips gain or lose
PRESS = 0.010  # what lips that are pressed together lose
# Lips of an open mouth are taken from so far beside its inside, teeth and all; the upper one, whose
# edge is its deepest red, from nearer.
TEETH_BEHIND, UPPER_TEETH_BEHIND = 0.012, 0.5
SPEECH_GAP = 0.5  # of the gap at rest that stays open in speech
TUCK_LIFT, TUCK_RISE = 0.016, 0.030  # f and v: the upper lip goes up, the lower one more so


def smoothstep(values: Floats, low: float = 0.0, high: float = 1.0) -> Floats:
    """0 up to `low`, 1 from `high` on, level at both."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def ramp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """The same for one value."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True, eq=False)
class Move:
    """The mouth of a frame and where a pose takes it; each in mouth coordinates."""

    source: Contours
    target: Contours
    lips: Contours  # of the source, without the teeth at their edges
    opening: float  # 0 closed, 1 a shout
    width: float  # -1 rounded, 1 spread
    jaw: float  # how far down the chin goes

    @property
    def size(self) -> float:
        """The longest way that a point of the lips goes, below the upper lip's outer edge."""
        return float(np.abs(self.target.lines - self.source.lines)[1:].max())


def without_teeth(contours: Contours, unit: float) -> Contours:
    """The contours with the inner lips a little further apart, where they are open."""
    inset = (TEETH_BEHIND + 0.8 / unit) * ramp(contours.gap, 0.01, 0.04)
    across = np.linspace(-1, 1, len(contours.lower_inner))
    away = inset * (1 - across**16)
    upper, lower = contours.upper_inner[:, 1], contours.lower_inner[:, 1]
    return contours.with_inner(upper - UPPER_TEETH_BEHIND * away, lower + away)


def closed_contours(contours: Contours) -> Contours:
    """The same mouth with its lips together: the lower one goes most of the way."""
    u, upper = contours.lower_inner[:, 0], contours.upper_inner
    gap = np.maximum(contours.lower_inner[:, 1] - np.interp(u, *upper.T), 0)
    lines = contours.lines.copy()
    lines[..., 1] += TO_MEET[:, None] * np.interp(lines[..., 0], u, gap)
    return Contours(lines)


def _bowed(contours: Contours, share: float) -> Contours:
    """The contours with a share of the bow that lips have where they meet; none in a smile."""
    line = contours.middle[:, 1]
    smile = ramp(float(line[5] - line[[0, -1]].mean()), SMILE / 3, SMILE)
    bow = share * (1 - smile) * BOW
    return contours.with_inner(contours.upper_inner[:, 1] + bow, contours.lower_inner[:, 1] + bow)


def moved_mouth(source: Contours, pose: Pose, rest_gap: float, unit: float) -> Move:
    """The mouth of `source` in a pose; at rest its lips are `rest_gap` apart, or as in `source`."""
    opening = min(OPENING * pose.jaw, 1.0) * (1 - pose.closing)
    base_gap = rest_gap * (1 - (1 - SPEECH_GAP) * pose.speech) * (1 - pose.closing)
    base_gap *= 1 - pose.tuck
    gap = source.gap
    closed = 1 - min(base_gap / gap, 1.0) if gap > 1e-4 else 0.0
    # wide open, an upper lip that is up in the picture goes up again, but not with other speech
    raised = ramp(opening, 0, 0.75) * (1 + 0.6 * min(pose.width, 0))
    raised = min(raised, MOST_RAISED * opening * WIDEST / max(UPPER_SHARE * closed * gap, 1e-4))
    shares = closed * np.array([1 - raised, 1 - raised, 1, 1])[:, None, None]
    base = Contours(source.lines + shares * (closed_contours(source).lines - source.lines))
    meeting = ramp(closed, 0.6) * ramp(gap, 0.01, 0.06) * (1 - ramp(opening, 0, 0.3))
    target = _opened(_bowed(base, meeting), pose, opening, closed * (1 - raised) * gap)
    jaw = JAW_DROP * WIDEST * opening - 0.45 * (1 - UPPER_SHARE) * closed * gap
    return Move(source, target, without_teeth(source, unit), opening, pose.width, jaw)


def _opened(base: Contours, pose: Pose, opening: float, closed_gap: float) -> Contours:
    """Lips at rest moved as the pose wants it."""
    gap = opening * WIDEST
    rounded, spread = max(-pose.width, 0.0), max(pose.width, 0.0)
    thicker = ROUND_THICKNESS * rounded - SPREAD_THICKNESS * spread
    thicker -= PRESS * pose.closing
    drop = LOWER_DROP * gap * (1 - 0.15 * rounded) - TUCK_RISE * pose.tuck
    lift = -UPPER_LIFT * gap - 0.012 * rounded * min(1, 4 * opening) - TUCK_LIFT * pose.tuck
    left, right = base.lower_inner[[0, -1], 0].tolist()
    centre, half = (left + right) / 2, (right - left) / 2
    narrower = 1 - ROUND * rounded + SPREAD * spread - NARROW * opening

    ways = [0.8 * lift - thicker, lift, drop, 0.95 * drop + 1.2 * thicker]
    u, v = np.moveaxis(base.lines, 2, 0)
    across = np.abs(np.clip((u - centre) / half, -1, 1))
    power = np.array([0.8, 0.8, 0.74, 0.62]) * (1 - 0.35 * rounded)
    profile = np.maximum(1 - across**2.3, 0) ** power[:, None]
    corner = (0.16 * gap - 0.02 * spread + 0.012 * rounded) * across**2
    v = v + np.array(ways)[:, None] * profile + corner
    return Contours(np.stack([centre + (u - centre) * narrower, v], 2))


def skin_moves(face: FaceShape, move: Move) -> tuple[Points, Points]:
    """Where the points of the jaw and of the skin above it go, and where they come from."""
    corners = float(move.source.lower_outer[[0, -1], 1].mean())
    height = max(face.chin - corners, 0.05)

    def with_jaw(points: Points) -> Floats:
        return move.jaw * smoothstep((points[:, 1] - corners) / height, -0.12, 0.85)

    jaw = np.stack([face.jaw[:, 0], face.jaw[:, 1] + with_jaw(face.jaw)], 1)
    below = _skin_below(face, move, with_jaw(face.below))
    return np.concatenate([jaw, below]), np.concatenate([face.jaw, face.below])


def _skin_below(face: FaceShape, move: Move, jaw: Floats) -> Points:
    """The skin under the lip goes the lip's way at its edge and the jaw's at the chin.

    So it never folds.
    """
    points, lip, moved = face.below, move.source.lower_outer, move.target.lower_outer
    u, edge = points[:, 0], np.interp(points[:, 0], *lip.T)
    way_u, way_v = (np.interp(u, lip[:, 0], (moved - lip)[:, axis]) for axis in (0, 1))
    depth = np.clip((points[:, 1] - edge) / np.maximum(face.chin - edge, 0.05), 0, 1)
    left, right = lip[[0, -1], 0]
    beside = smoothstep(np.abs(u - (left + right) / 2) / ((right - left) / 2), 0.75, 1.5)
    middle = way_v + (move.jaw - way_v) * depth
    v = points[:, 1] + middle + (jaw - middle) * beside
    return np.stack([u + way_u * (1 - depth) ** 2 * (1 - beside), v], 1)
