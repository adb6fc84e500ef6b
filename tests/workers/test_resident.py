"""What is loaded once: equal settings share an engine, others never do, and few are kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from base.geometry import Rect
from pipeline.options import Options
from wav2lip.generators import PREPARERS
from wav2lip.generators.prepared import Prepared
from workers.resident import ENGINES, Bounded, Resident

ASKED = Options(face=Path("f.png"), audio=Path("a.wav"), engine="puppet")
WHOLE, PART = Rect(0, 96, 0, 96), Rect(40, 96, 8, 88)


@pytest.fixture
def resident():
    return Resident(threads=1)


def engine(resident, options=ASKED, shown=WHOLE):
    made = resident.stages_of(options).generator(shown)
    return made, resident.loads["engine"]


def test_equal_settings_share_an_engine(resident):
    first, how = engine(resident)
    assert how == "loaded"
    other_face = replace(ASKED, face=Path("g.png"), crf=30, blend_method="hd")
    assert engine(resident, other_face) == (first, "resident")


@pytest.mark.parametrize(
    ("changed", "shown"), [({}, PART), ({"fp16": True}, WHOLE), ({"wav2lip_batch_size": 2}, WHOLE)]
)
def test_what_may_change_pixels_has_an_engine_of_its_own(resident, changed, shown):
    first, _ = engine(resident)
    second, how = engine(resident, replace(ASKED, **changed), shown)
    assert how == "loaded" and second is not first


def test_other_weights_under_the_same_name_are_loaded(resident, tmp_path, monkeypatch):
    monkeypatch.setitem(PREPARERS, "openvino", lambda _: Prepared(lambda _: object()))
    weights = tmp_path / "w.pth"
    options = replace(
        ASKED, engine="openvino", checkpoint_path=weights, cache_dir=tmp_path / "cache"
    )
    weights.write_bytes(b"\x80 some")
    first, _ = engine(resident, options)
    assert engine(resident, options) == (first, "resident")
    weights.write_bytes(b"\x80 others")
    assert engine(resident, options)[1] == "loaded"


def test_few_are_kept(resident):
    for left in range(0, 40, 2):
        engine(resident, shown=Rect(0, 96, left, 96))
    assert len(resident._engines) == ENGINES


def test_the_one_used_longest_ago_goes_first_and_before_the_next_is_made():
    kept, alive = Bounded(2), []

    def made():
        alive.append(len(kept))
        return object()

    first = kept.get("a", made)[0]
    kept.get("b", made)
    assert kept.get("a", made) == (first, "resident")
    kept.get("c", made)
    assert kept.get("a", made) == (first, "resident") and kept.get("b", made)[1] == "loaded"
    assert alive == [0, 1, 1, 1]


def test_detectors_stay(resident):
    stages = resident.stages_of(ASKED)
    first = stages.detector()
    assert resident.loads == {"detector": "loaded"}
    assert resident.stages_of(ASKED).detector() is first
    assert resident.loads == {"detector": "resident"}


def test_without_weights_the_puppet_is_a_notice(resident, monkeypatch, tmp_path):
    monkeypatch.setattr("wav2lip.checkpoint.FOLDER", tmp_path)
    engine(resident, replace(ASKED, engine="auto"))
    assert len(resident.notices) == 1 and "puppet" in resident.notices[0]
    engine(resident)
    assert resident.notices == []
