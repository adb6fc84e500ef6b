"""Small faces and sounds, and flags with which a job of them takes no time."""

from pathlib import Path

import cv2
import pytest

from options.options import Options
from tests.media import make_sound

ROOT = Path(__file__).parents[1]
PORTRAIT = ROOT / "demo" / "portrait.png"
BOX = ("--box", "38", "118", "53", "108")  # of the portrait at 160x160: no detector is loaded
QUICK = ("--engine", "puppet", *BOX)


def quick_options(**values):
    """The options of QUICK, and these."""
    box = tuple(map(int, BOX[1:]))
    return Options(**{"engine": "puppet", "box": box, **values})


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A folder with two faces, ann.png and bob.png, and sounds of 5, 8 and 10 frames."""
    folder = tmp_path_factory.mktemp("inputs")
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (160, 160), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "ann.png"), portrait)
    cv2.imwrite(str(folder / "bob.png"), portrait[:, ::-1])
    for name, seconds in (("one", 0.2), ("two", 0.3), ("three", 0.4)):
        make_sound(folder / f"{name}.wav", seconds=seconds)
    return folder
