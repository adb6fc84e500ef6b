"""Open the mouth: move the face's own pixels and fill the gap between the lips."""

from dataclasses import dataclass

import cv2
import numpy as np

from base.geometry import Picture
from wav2lip.generators.puppet.motion import Pose
from wav2lip.generators.puppet.mouth import AnyFloats, Mouth, MouthAxes, line_height

# All lengths are in halves of the mouth's width.
DROP, LIFT = 0.38, 0.06  # how far the lower lip drops and the upper lip rises at jaw = 1
ROUND, SPREAD, NARROW = 0.17, 0.07, 0.05  # how far the corners move: rounded, spread, at jaw = 1
CHIN = 0.75  # how far the chin drops, as a share of the lower lip's drop
SQUEEZE = 0.3  # longest drop, as a share of the way to the border: more would flatten the chin
REACH = 1.6  # how far to each side the skin follows the lips
TOOTH = 0.13  # how far the upper teeth reach below the upper lip
MARGIN = 0.14  # share of the patch's side: beyond it the motion fades towards the border

# BGR of what the picture does not show, as shares of the lower lip's colour, of black or of white
DEEP: AnyFloats = np.array([0.20, 0.17, 0.28], np.float32)
TONGUE: AnyFloats = np.array([0.52, 0.46, 0.62], np.float32)
BLACK: AnyFloats = np.array([0.40, 0.36, 0.60], np.float32)
WHITE: AnyFloats = np.array([0.88, 0.98, 1.04], np.float32)
LUMA: AnyFloats = np.array([0.114, 0.587, 0.299], np.float32)


@dataclass(frozen=True)
class MouthCoordinates:
    """Mouth coordinates of every pixel below the nose, and how much each follows the lips."""

    axes: MouthAxes
    mouth: Mouth
    top: int  # first row that may move
    u: AnyFloats
    v: AnyFloats
    bottom_v: AnyFloats  # v of the patch's lower border, straight below the pixel
    side_fade: AnyFloats  # 1, falling to 0 at the left and right border
    lip_weight: AnyFloats  # how much the pixel narrows with the lips: 1 at the lips
    chin_weight: AnyFloats  # 1 above the chin, falling to 0 at the jaw's sides

    @classmethod
    def of(cls, axes: MouthAxes, mouth: Mouth, side: int) -> "MouthCoordinates":
        (cx, cy), (rx, ry), (dx, dy) = axes.centre, axes.right, axes.down
        top = max(int(cy + min(axes.nose_v, -0.3) * dy - 0.5 * axes.half_width), 0)
        x = (np.arange(side, dtype=np.float32) + 0.5)[None, :]
        y = (np.arange(top, side, dtype=np.float32) + 0.5)[:, None]
        square = axes.half_width**2
        u, v = ((x - cx) * rx + (y - cy) * ry) / square, ((x - cx) * dx + (y - cy) * dy) / square
        bottom_v = (side - 0.5 - cy - u * ry) / dy
        side_fade = _smoothstep(np.minimum(x - 0.5, side - 0.5 - x) / (MARGIN * side))
        beside = np.square(np.square(u / _skin_reach(u, axes.nose_u)))
        away = np.square(
            (v - np.float32(0.1)) * np.where(v > 0.1, np.float32(0.9), np.float32(1.5))
        )
        rim = _smoothstep((v - np.float32(axes.nose_v)) / 0.4) * _smoothstep((bottom_v - v) / 0.5)
        chin_weight = np.exp(-beside) * side_fade
        lip_weight = np.exp(-beside - away) * side_fade * rim
        return cls(axes, mouth, top, u, v, bottom_v, side_fade, lip_weight, chin_weight)


def _skin_reach(u: AnyFloats, nose_u: float) -> AnyFloats:
    """How far to each side the skin follows: less where a turned face ends sooner."""
    hidden = REACH * max(1 - 0.8 * abs(nose_u), 0.6)
    return np.where(u * nose_u > 0, hidden, REACH).astype(np.float32)


def _smoothstep(t: AnyFloats) -> AnyFloats:
    """0 up to 0, 1 from 1 on, level at both."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(frozen=True)
class Opening:
    """The edges of the lips at every pixel: v in the picture, and v where the pose moves them."""

    u: AnyFloats  # in the picture
    across: AnyFloats  # -1 and 1 at the ends of the slit
    upper: AnyFloats
    lower: AnyFloats
    moved_upper: AnyFloats
    moved_lower: AnyFloats
    chin_drop: AnyFloats

    @classmethod
    def of(cls, coordinates: MouthCoordinates, pose: Pose) -> "Opening":
        mouth, u = coordinates.mouth, _source_u(coordinates, pose)
        left, right = mouth.slit_ends.tolist()
        across = np.clip((2 * u - (left + right)) / (right - left), -1, 1)
        slit = (1 - across * across) * coordinates.side_fade
        upper, lower = line_height(mouth.upper, u), line_height(mouth.lower, u)
        taper = _smoothstep((1 - np.abs(across)) / 0.3)  # the lines meet at the slit's ends
        middle, gap = (upper + lower) / 2, np.maximum(lower - upper, 0) * taper
        upper, lower = middle - gap / 2, middle + gap / 2
        full_drop = (DROP - 0.6 * min(mouth.gap, 0.5)) * pose.jaw
        drop = np.minimum(full_drop, SQUEEZE * (coordinates.bottom_v - lower))
        # closing: the lower lip comes up most of the way, the upper lip down the rest
        moved_upper = upper - LIFT * pose.jaw * slit + 0.3 * pose.closing * gap
        moved_lower = lower + drop * slit - 0.7 * pose.closing * gap
        chin_drop = CHIN * drop * coordinates.chin_weight
        return cls(u, across, upper, lower, moved_upper, moved_lower, chin_drop)

    @property
    def original_gap(self) -> AnyFloats:
        """How far the mouth is open in the picture."""
        return self.lower - self.upper


def open_mouth(face: Picture, coordinates: MouthCoordinates, pose: Pose) -> Picture:
    """The face with its mouth in `pose`; `face` is not changed."""
    if pose.is_rest:
        return face
    opening = Opening.of(coordinates, pose)
    sources = coordinates.axes.to_pixels(opening.u, _source_v(coordinates, opening))
    lips = cv2.remap(face, *sources, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    picture = face[coordinates.top :].astype(np.float32)
    interior = _mouth_interior(picture, coordinates, opening)
    opened = lips + _gap_coverage(coordinates, opening)[..., None] * (interior - lips)
    opened = picture + _motion_weight(coordinates, pose) * (opened - picture)
    out = face.copy()
    out[coordinates.top :] = np.clip(opened + 0.5, 0, 255)
    return out


def _motion_weight(coordinates: MouthCoordinates, pose: Pose) -> float:
    """1 from a pixel of motion on; less motion is mixed with the picture, so that nothing pops."""
    mouth = coordinates.mouth
    motion = DROP * pose.jaw + mouth.gap * pose.closing + ROUND * abs(pose.width)
    return float(_smoothstep(np.array(motion * coordinates.axes.half_width)))


def _source_u(coordinates: MouthCoordinates, pose: Pose) -> AnyFloats:
    """u in the picture that every pixel is taken from."""
    amount = SPREAD * max(pose.width, 0) + ROUND * min(pose.width, 0) - NARROW * pose.jaw
    return coordinates.u * (1 - amount * coordinates.lip_weight)


def _source_v(coordinates: MouthCoordinates, opening: Opening) -> AnyFloats:
    """v in the picture that every pixel of the lips and of the skin around them is taken from."""
    v, upper, lower = coordinates.v, opening.moved_upper, opening.moved_lower
    t = np.maximum(v - lower, 0) / np.maximum(coordinates.bottom_v - lower, 0.2)
    lip = lower - opening.lower
    chin = np.where(lip < 0, np.float32(0), opening.chin_drop)
    fall = (lip + (chin - lip) * _smoothstep(t / 0.6)) * (1 - _smoothstep((t - 0.1) / 0.9))
    t = np.maximum(upper - v, 0) / np.maximum(upper - 0.75 * coordinates.axes.nose_v, 0.2)
    rise = (upper - opening.upper) * (1 - _smoothstep(t))
    # an open mouth's lips leave their teeth behind
    inset = 1.2 / coordinates.axes.half_width * _smoothstep(opening.original_gap / 0.08)
    below = np.maximum(v - fall, opening.lower + inset)
    above = np.minimum(v - rise, opening.upper - inset)
    return np.where(v > 0.5 * (lower + upper), below, above)


def _gap_coverage(coordinates: MouthCoordinates, opening: Opening) -> AnyFloats:
    """The share of each pixel that lies between the lips."""
    v, per_pixel = coordinates.v, coordinates.axes.half_width / 1.2
    top, bottom = (v - opening.moved_upper) * per_pixel, (opening.moved_lower - v) * per_pixel
    both = np.clip(top + 0.5, 0, 1) + np.clip(bottom + 0.5, 0, 1) - 1
    return np.asarray(np.maximum(both, 0) * (np.abs(opening.across) < 1), np.float32)


def _mouth_interior(
    picture: AnyFloats, coordinates: MouthCoordinates, opening: Opening
) -> AnyFloats:
    """The pixels between the lips: the picture's own where its mouth is open, else painted."""
    painted = _painted_interior(coordinates, opening)
    v, half = coordinates.v, coordinates.axes.half_width
    top, bottom = (v - opening.upper) * half + 0.5, (opening.lower - v) * half + 0.1
    own = np.clip(top, 0, 1) * np.clip(bottom, 0, 1)
    return np.asarray(painted + own[..., None] * (picture - painted), np.float32)


def _painted_interior(coordinates: MouthCoordinates, opening: Opening) -> AnyFloats:
    """Darkness, a tongue where the mouth is wide open, and a hint of upper teeth."""
    mouth, middle = coordinates.mouth, np.square(np.square(opening.across / np.float32(0.6)))
    middle = np.exp(-middle)
    depth, height = coordinates.v - opening.moved_upper, opening.moved_lower - opening.moved_upper
    deep = np.maximum(mouth.lip_color * DEEP, mouth.darkest_gray * BLACK)
    low = _smoothstep((depth / np.maximum(height, 0.05) - 0.45) / 0.55)
    low = low * _smoothstep((height - 0.15) / 0.3)
    # light still falls into a mouth that is hardly open
    thin = 0.6 * (1 - _smoothstep((opening.moved_lower - opening.lower) / 0.14))
    tongue = np.maximum(low * middle, thin)
    color = deep + tongue[..., None] * (mouth.lip_color * TONGUE - deep)
    length = TOOTH * (1 - 0.5 * opening.across * opening.across)
    teeth = np.clip((length - depth) * (coordinates.axes.half_width / 1.8) + 0.5, 0, 1)
    teeth = teeth * middle * 0.75 * (1 - _smoothstep(opening.original_gap / 0.06))
    tooth = 0.5 * mouth.skin_color + 0.55 * float(mouth.skin_color @ LUMA) * WHITE
    shade = 0.5 + 0.5 * np.clip(depth / 0.11, 0, 1)  # the lip's shadow
    columns = 1 - 0.1 * np.square(np.cos(np.pi / 0.21 * coordinates.u))  # one tooth beside another
    shade = shade * (0.75 + 0.25 * middle) * columns
    return np.asarray(color + teeth[..., None] * (tooth * shade[..., None] - color), np.float32)
