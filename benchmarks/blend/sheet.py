"""All methods on all faces, side by side in one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from base.errors import UsageError
from base.geometry import Picture, Region
from benchmarks.blend.cases import Case
from benchmarks.blend.measure import Laying, laid_in
from blending.patch import Patch

SIZE = 256  # pixels of the faces shown, one to one
CELL = 198  # pixels of a cell's side
GAP, HEAD = 2, 26
PAPER, INK = 255, (40, 40, 40)
ENDINGS = (".png", ".jpg", ".jpeg")


def check_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--sheet {path}: a picture's name ends in {', '.join(ENDINGS)}")


def encoded(sheet: Picture, path: Path) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, 92] if path.suffix.lower() != ".png" else []
    _, data = cv2.imencode(path.suffix.lower(), sheet, options)
    return data.tobytes()


def sheet(cases: Sequence[Case], looks: Mapping[str, Laying]) -> Picture:
    """A row for each face: the source, the patch as the network made it, then every method."""
    titles = ["source", "patch", *looks]
    rows = [np.hstack([_titled(title) for title in titles])]
    rows += [np.hstack([_framed(cell) for cell in _cells(case, looks)]) for case in cases]
    return np.vstack(rows)


def _cells(case: Case, looks: Mapping[str, Laying]) -> list[Picture]:
    frames = [case.face, _enlarged_patch(case)]
    frames += [laid_in(look, case, case.given, case.landmarks).frame for look in looks.values()]
    return [_around_the_mouth(case, frame) for frame in frames]


def _enlarged_patch(case: Case) -> Region:
    """Its pixels as squares."""
    placed = Patch.placed(case.given, case.box, case.rect, case.source)
    matrix, size = placed.to_region.warp_matrix(), case.rect.size
    made = cv2.warpAffine(case.given, matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(made, np.float32)


def _around_the_mouth(case: Case, frame: Region) -> Picture:
    """A cell of the frame, pixel for pixel."""
    height, width = frame.shape[:2]
    x, y = case.landmarks.mouth_centre
    left = int(np.clip(round(x) - CELL // 2, 0, max(width - CELL, 0)))
    top = int(np.clip(round(y - 0.1 * CELL) - CELL // 2, 0, max(height - CELL, 0)))
    part = np.full((CELL, CELL, 3), PAPER, np.uint8)
    seen = np.clip(np.rint(frame[top : top + CELL, left : left + CELL]), 0, 255)
    part[: seen.shape[0], : seen.shape[1]] = seen
    return part


def _framed(cell: Picture) -> Picture:
    return np.pad(cell, ((GAP, 0), (GAP, 0), (0, 0)), constant_values=PAPER)


def _titled(title: str) -> Picture:
    head = np.full((HEAD, CELL + GAP, 3), PAPER, np.uint8)
    place = (GAP + 4, HEAD - 8)
    cv2.putText(head, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
    return head
