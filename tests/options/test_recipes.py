"""What is there -> what a mode puts together: the rule as a table."""

from pathlib import Path

import pytest

from options.recipes import Parts, Recipe, high_quality_recipe, real_time_recipe
from tests.cases import each

GFPGAN = Path("GFPGANv1.4.pth")
SHARPEST, RESTORED = ("blend_method", "lips"), ("enhance", GFPGAN)
MOVED, DRAWN, SPOKEN = ("animate", "fomm"), ("engine", "diff2lip"), ("animate", "sadtalker")
WHOLE = {name: True for name in ("photo", "driving", "torch", "gpu", "fomm", "diff2lip")}

NO_FOMM, NO_DIFF2LIP = "weights of First Order Motion", "weights of Diff2Lip"
NO_ENHANCER = "weights that restore faces"
NO_GPU = "Diff2Lip, which takes a GPU"
HIGH_QUALITY = [  # what is there; what runs; what it goes without
    ({}, [SHARPEST], []),
    ({"enhancer": GFPGAN}, [RESTORED], []),
    ({"enhancer": GFPGAN, "gpu": True, "torch": True}, [RESTORED], []),
    ({**WHOLE, "enhancer": GFPGAN}, [MOVED, DRAWN, RESTORED], []),
    (WHOLE, [MOVED, DRAWN, SHARPEST], [NO_ENHANCER]),
    ({**WHOLE, "enhancer": GFPGAN, "gpu": False}, [MOVED, RESTORED], [NO_GPU]),
    ({**WHOLE, "enhancer": GFPGAN, "fomm": False}, [DRAWN, RESTORED], [NO_FOMM]),
    ({**WHOLE, "enhancer": GFPGAN, "diff2lip": False}, [MOVED, RESTORED], [NO_DIFF2LIP]),
    (
        {**WHOLE, "enhancer": GFPGAN, "driving": False},
        [DRAWN, RESTORED],
        ["First Order Motion, which needs a --driving_video"],
    ),
    ({**WHOLE, "enhancer": GFPGAN, "photo": False}, [DRAWN, RESTORED], []),
    ({**WHOLE, "enhancer": GFPGAN, "photo": False, "diff2lip": False}, [RESTORED], []),
    (
        {**WHOLE, "torch": False, "gpu": False},
        [SHARPEST],
        ["First Order Motion, which needs torch", "Diff2Lip, which needs torch", NO_ENHANCER],
    ),
]
REAL_TIME = [
    ({}, [], []),
    ({"photo": True, "torch": True, "gpu": True}, [], []),
    ({"sadtalker": True, "photo": True, "torch": True}, [SPOKEN], []),
    ({"sadtalker": True, "photo": False, "torch": True}, [], []),
    ({"sadtalker": True, "photo": True}, [], ["SadTalker, which needs torch"]),
    ({**WHOLE, "enhancer": GFPGAN}, [], []),
]


@each(("there", "runs", "missing"), HIGH_QUALITY)
def test_high_quality_takes_what_is_there(there, runs, missing):
    assert high_quality_recipe(Parts(**there)) == Recipe(tuple(runs), tuple(missing))


@pytest.mark.parametrize(("there", "runs", "missing"), REAL_TIME)
def test_real_time_takes_sadtalker_for_a_photo(there, runs, missing):
    assert real_time_recipe(Parts(**there)) == Recipe(tuple(runs), tuple(missing))


def test_what_is_missing_is_said_in_words():
    assert Recipe().words == ""
    assert Recipe(missing=(NO_FOMM, NO_GPU)).words == f"without {NO_FOMM}, {NO_GPU}"
