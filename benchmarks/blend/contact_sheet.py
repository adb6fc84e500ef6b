"""All methods on all faces, side by side in one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from base.errors import UsageError
from base.geometry import Picture, Region
from benchmarks.blend.cases import Case
from benchmarks.blend.measure import Blending, blend_frame

FACE_SIZES = (256, 600)  # pixels of the faces, shown one to one
CELL = 198  # pixels of a cell's side
GAP, TITLE_HEIGHT = 2, 26
PAPER, INK = 255, (40, 40, 40)
ENDINGS = (".png", ".jpg", ".jpeg")


def check_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--sheet {path}: a picture's name ends in {', '.join(ENDINGS)}")


def encode_sheet(sheet: Picture, path: Path) -> bytes:
    """The picture in the format that the path's ending names."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 92] if path.suffix.lower() != ".png" else []
    _, data = cv2.imencode(path.suffix.lower(), sheet, options)
    return data.tobytes()


def contact_sheet(
    cases: Mapping[int, Sequence[Case]], blendings: Mapping[str, Blending]
) -> Picture:
    """For each size of face its rows: the source, the patch as it was generated, every method."""
    rows = []
    for size, faces in cases.items():
        titles = [f"source, {size} px", "patch", *blendings]
        rows.append(np.hstack([_title_cell(title) for title in titles]))
        rows += [np.hstack([_with_gap(cell) for cell in _cells(case, blendings)]) for case in faces]
    return np.vstack(rows)


def _cells(case: Case, blendings: Mapping[str, Blending]) -> list[Picture]:
    frames = [case.region, _enlarged_patch(case)]
    frames += [
        blend_frame(blending, case, case.patch, case.landmarks).frame
        for blending in blendings.values()
    ]
    return [_cut_around_mouth(case, frame) for frame in frames]


def _enlarged_patch(case: Case) -> Region:
    """The patch at its place, its pixels as squares."""
    patch = case.placed(case.patch, case.rect)
    matrix, size = patch.to_region.warp_matrix(), case.rect.size
    enlarged = cv2.warpAffine(case.patch, matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(enlarged, np.float32)


def _cut_around_mouth(case: Case, frame: Region) -> Picture:
    """A cell of the frame, pixel for pixel."""
    height, width = frame.shape[:2]
    x, y = case.landmarks.mouth_centre
    left = int(np.clip(round(x) - CELL // 2, 0, max(width - CELL, 0)))
    top = int(np.clip(round(y - 0.1 * CELL) - CELL // 2, 0, max(height - CELL, 0)))
    cell = np.full((CELL, CELL, 3), PAPER, np.uint8)
    part = np.clip(np.rint(frame[top : top + CELL, left : left + CELL]), 0, 255)
    cell[: part.shape[0], : part.shape[1]] = part
    return cell


def _with_gap(cell: Picture) -> Picture:
    return np.pad(cell, ((GAP, 0), (GAP, 0), (0, 0)), constant_values=PAPER)


def _title_cell(title: str) -> Picture:
    cell = np.full((TITLE_HEIGHT, CELL + GAP, 3), PAPER, np.uint8)
    origin = (GAP + 4, TITLE_HEIGHT - 8)
    cv2.putText(cell, title, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
    return cell
