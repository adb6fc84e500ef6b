"""Opening the mouth: the face's own pixels moved, and the gap between the lips filled."""

from dataclasses import dataclass

import cv2
import numpy as np

from wav2lip.generators.puppet.motion import Pose
from wav2lip.generators.puppet.mouth import Axes, Face, Floats, Mouth, line

# All lengths are in halves of the mouth's width.
DROP, LIFT = 0.38, 0.06  # how far the lower lip drops and the upper lip rises at jaw = 1
ROUND, SPREAD, NARROW = 0.17, 0.07, 0.05  # how far the corners move: rounded, spread, at jaw = 1
CHIN = 0.75  # of the lower lip's drop: how far the chin drops
SQUEEZE = 0.3  # of the way to the border: a longer drop would flatten the chin
REACH = 1.6  # to each side, how far the skin follows the lips
TOOTH = 0.13  # how far the upper teeth reach below the upper lip
MARGIN = 0.14  # of the patch: so near its sides nothing moves

# BGR of what the photo cannot show, as shares of the lower lip's colour, or of black or white
DEEP: Floats = np.array([0.20, 0.17, 0.28], np.float32)
TONGUE: Floats = np.array([0.52, 0.46, 0.62], np.float32)
BLACK: Floats = np.array([0.40, 0.36, 0.60], np.float32)
WHITE: Floats = np.array([0.88, 0.98, 1.04], np.float32)
LUMA: Floats = np.array([0.114, 0.587, 0.299], np.float32)


@dataclass(frozen=True)
class Place:
    """Mouth coordinates of every pixel below the nose, and how far each follows the lips."""

    axes: Axes
    mouth: Mouth
    top: int  # first row that may move
    u: Floats
    v: Floats
    bottom: Floats  # v of the patch's lower border, straight below
    inner: Floats  # 1, falling to 0 at the left and right border
    around: Floats  # 1 at the lips: what narrows with them
    chin: Floats  # 1 above the chin, falling to 0 at the jaw's sides

    @classmethod
    def of(cls, axes: Axes, mouth: Mouth, side: int) -> "Place":
        (cx, cy), (rx, ry), (dx, dy) = axes.centre, axes.right, axes.down
        top = max(int(cy + min(axes.nose, -0.3) * dy - 0.5 * axes.half), 0)
        x = (np.arange(side, dtype=np.float32) + 0.5)[None, :]
        y = (np.arange(top, side, dtype=np.float32) + 0.5)[:, None]
        square = axes.half**2
        u, v = ((x - cx) * rx + (y - cy) * ry) / square, ((x - cx) * dx + (y - cy) * dy) / square
        bottom = (side - 0.5 - cy - u * ry) / dy
        inner = _smooth(np.minimum(x - 0.5, side - 0.5 - x) / (MARGIN * side))
        beside = np.square(np.square(u / _reach(u, axes.turn)))
        away = np.square(
            (v - np.float32(0.1)) * np.where(v > 0.1, np.float32(0.9), np.float32(1.5))
        )
        rim = _smooth((v - np.float32(axes.nose)) / 0.4) * _smooth((bottom - v) / 0.5)
        chin, around = np.exp(-beside) * inner, np.exp(-beside - away) * inner * rim
        return cls(axes, mouth, top, u, v, bottom, inner, around, chin)


def _reach(u: Floats, turn: float) -> Floats:
    """How far to each side the skin follows: less where a turned face ends sooner."""
    hidden = REACH * max(1 - 0.8 * abs(turn), 0.6)
    return np.where(u * turn > 0, hidden, REACH).astype(np.float32)


def _smooth(t: Floats) -> Floats:
    """0 up to 0, 1 from 1 on, level at both."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(frozen=True)
class Opening:
    """The edges of the lips at every pixel: v in the photo, and v where the pose moves them."""

    u: Floats  # in the photo
    across: Floats  # -1 and 1 at the ends of the slit
    upper: Floats
    lower: Floats
    roof: Floats  # the upper lip's edge, moved
    floor: Floats  # the lower lip's edge, moved
    chin: Floats  # how far what hangs below moves

    @classmethod
    def of(cls, place: Place, pose: Pose) -> "Opening":
        mouth, u = place.mouth, _narrowed(place, pose)
        left, right = mouth.ends.tolist()
        across = np.clip((2 * u - (left + right)) / (right - left), -1, 1)
        slit = (1 - across * across) * place.inner
        upper, lower = line(mouth.upper, u), line(mouth.lower, u)
        meet = _smooth((1 - np.abs(across)) / 0.3)  # the lines end in one point
        middle, own = (upper + lower) / 2, np.maximum(lower - upper, 0) * meet
        upper, lower = middle - own / 2, middle + own / 2
        wide = (DROP - 0.6 * min(mouth.gap, 0.5)) * pose.jaw
        drop = np.minimum(wide, SQUEEZE * (place.bottom - lower))
        # together: the lower lip comes up most of the way, the upper lip down the rest
        roof = upper - LIFT * pose.jaw * slit + 0.3 * pose.closing * own
        floor = lower + drop * slit - 0.7 * pose.closing * own
        return cls(u, across, upper, lower, roof, floor, CHIN * drop * place.chin)

    @property
    def own(self) -> Floats:
        """How far the mouth is open in the photo."""
        return self.lower - self.upper


def opened(face: Face, place: Place, pose: Pose) -> Face:
    """The face with its mouth in `pose`."""
    if pose.still:
        return face
    opening = Opening.of(place, pose)
    where = place.axes.pixels(opening.u, _sources(place, opening))
    lips = cv2.remap(face, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    photo = face[place.top :].astype(np.float32)
    inside = _inside(photo, place, opening)
    mixed = lips + _gap(place, opening)[..., None] * (inside - lips)
    mixed = photo + _share(place, pose) * (mixed - photo)
    out = face.copy()
    out[place.top :] = np.clip(mixed + 0.5, 0, 255)
    return out


def _share(place: Place, pose: Pose) -> float:
    """1 from a pixel of motion on; below it the photo shows through, so that nothing pops."""
    reach = DROP * pose.jaw + place.mouth.gap * pose.closing + ROUND * abs(pose.width)
    return float(_smooth(np.array(reach * place.axes.half)))


def _narrowed(place: Place, pose: Pose) -> Floats:
    """u in the photo of every pixel."""
    amount = SPREAD * max(pose.width, 0) + ROUND * min(pose.width, 0) - NARROW * pose.jaw
    return place.u * (1 - amount * place.around)


def _sources(place: Place, opening: Opening) -> Floats:
    """v in the photo of every pixel of the lips and of what hangs on them."""
    v, floor, roof = place.v, opening.floor, opening.roof
    t = np.maximum(v - floor, 0) / np.maximum(place.bottom - floor, 0.2)
    lip = floor - opening.lower
    chin = np.where(lip < 0, np.float32(0), opening.chin)
    fall = (lip + (chin - lip) * _smooth(t / 0.6)) * (1 - _smooth((t - 0.1) / 0.9))
    t = np.maximum(roof - v, 0) / np.maximum(roof - 0.75 * place.axes.nose, 0.2)
    rise = (roof - opening.upper) * (1 - _smooth(t))
    # an open mouth's lips leave their teeth behind
    inset = 1.2 / place.axes.half * _smooth(opening.own / 0.08)
    low, high = (
        np.maximum(v - fall, opening.lower + inset),
        np.minimum(v - rise, opening.upper - inset),
    )
    return np.where(v > 0.5 * (floor + roof), low, high)


def _gap(place: Place, opening: Opening) -> Floats:
    """How much of each pixel lies between the lips."""
    per_pixel = place.axes.half / 1.2
    top, bottom = (place.v - opening.roof) * per_pixel, (opening.floor - place.v) * per_pixel
    both = np.clip(top + 0.5, 0, 1) + np.clip(bottom + 0.5, 0, 1) - 1
    return np.asarray(np.maximum(both, 0) * (np.abs(opening.across) < 1), np.float32)


def _inside(photo: Floats, place: Place, opening: Opening) -> Floats:
    """What is seen between the lips: what the photo shows there, else what is painted."""
    painted = _painted(place, opening)
    half = place.axes.half
    top, bottom = (place.v - opening.upper) * half + 0.5, (opening.lower - place.v) * half + 0.1
    shown = np.clip(top, 0, 1) * np.clip(bottom, 0, 1)
    return np.asarray(painted + shown[..., None] * (photo - painted), np.float32)


def _painted(place: Place, opening: Opening) -> Floats:
    """Darkness, a tongue where the mouth is wide, and a hint of upper teeth."""
    mouth, middle = place.mouth, np.square(np.square(opening.across / np.float32(0.6)))
    middle = np.exp(-middle)
    depth, height = place.v - opening.roof, opening.floor - opening.roof
    deep = np.maximum(mouth.lip * DEEP, mouth.black * BLACK)
    low = _smooth((depth / np.maximum(height, 0.05) - 0.45) / 0.55) * _smooth((height - 0.15) / 0.3)
    thin = 0.6 * (1 - _smooth((opening.floor - opening.lower) / 0.14))  # light still falls in
    colour = deep + np.maximum(low * middle, thin)[..., None] * (mouth.lip * TONGUE - deep)
    long = TOOTH * (1 - 0.5 * opening.across * opening.across)
    row = np.clip((long - depth) * (place.axes.half / 1.8) + 0.5, 0, 1)
    row = row * middle * 0.75 * (1 - _smooth(opening.own / 0.06))
    tooth = 0.5 * mouth.skin + 0.55 * float(mouth.skin @ LUMA) * WHITE
    shade = 0.5 + 0.5 * np.clip(depth / 0.11, 0, 1)  # the lip's shadow
    shade = shade * (0.75 + 0.25 * middle) * (1 - 0.1 * np.square(np.cos(np.pi / 0.21 * place.u)))
    return np.asarray(colour + row[..., None] * (tooth * shade[..., None] - colour), np.float32)
