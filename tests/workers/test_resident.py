"""What stays loaded: equal settings share an engine, others never do, and few are kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from base.geometry import Rect
from options.options import Options
from pipeline.settings import settings_of
from wav2lip.generators import PREPARERS, scene_key
from wav2lip.generators.prepared import PreparedEngine, Scene
from workers.resident import MOST_ENGINES, LruCache, ResidentModels

OPTIONS = Options(face=Path("f.png"), audio=Path("a.wav"), engine="puppet")
WHOLE, PART = Rect(0, 96, 0, 96), Rect(40, 96, 8, 88)


@pytest.fixture
def models():
    return ResidentModels(threads=1)


def stages(models, options=OPTIONS):
    return models.stages_of(settings_of(options))


def engine(models, options=OPTIONS, visible=WHOLE):
    generator = stages(models, options).generator(Scene(visible))
    return generator, models.loads["engine"]


def test_equal_settings_share_an_engine(models):
    first, state = engine(models)
    assert state == "loaded"
    other_face = replace(OPTIONS, face=Path("g.png"), crf=30, blend_method="hd")
    assert engine(models, other_face) == (first, "resident")


@pytest.mark.parametrize(
    ("changed", "visible"),
    [({}, PART), ({"fp16": True}, WHOLE), ({"wav2lip_batch_size": 2}, WHOLE)],
)
def test_what_may_change_pixels_has_an_engine_of_its_own(models, changed, visible):
    first, _ = engine(models)
    second, state = engine(models, replace(OPTIONS, **changed), visible)
    assert state == "loaded" and second is not first


def test_a_generator_of_whole_patches_serves_every_scene():
    assert scene_key("diff2lip", Scene(PART)) == scene_key("diff2lip", Scene(WHOLE))
    assert scene_key("openvino", Scene(PART)) != scene_key("openvino", Scene(WHOLE))


@pytest.mark.parametrize("option", ["visemes", "audio"])
def test_other_phonemes_under_the_same_name_are_read(models, tmp_path, option, monkeypatch):
    monkeypatch.setitem(PREPARERS, "puppet", lambda _: PreparedEngine(lambda _: object()))
    file = tmp_path / "track.json"
    options = replace(OPTIONS, **{option: file}, recognise_phonemes=option == "audio")
    file.write_text('[["a", 0, 1]]')
    first, _ = engine(models, options)
    assert engine(models, options) == (first, "resident")
    file.write_text('[["a", 0, 2.5]]')
    assert engine(models, options)[1] == "loaded"


def test_other_weights_under_the_same_name_are_loaded(models, tmp_path, monkeypatch):
    monkeypatch.setitem(PREPARERS, "openvino", lambda _: PreparedEngine(lambda _: object()))
    weights = tmp_path / "w.pth"
    options = replace(
        OPTIONS, engine="openvino", checkpoint_path=weights, cache_dir=tmp_path / "cache"
    )
    weights.write_bytes(b"\x80 some")
    first, _ = engine(models, options)
    assert engine(models, options) == (first, "resident")
    weights.write_bytes(b"\x80 others")
    assert engine(models, options)[1] == "loaded"


PLUGIN = """
def begin(checkpoint, device):
    return lambda mels, faces, landmarks: faces
"""


def test_engines_of_other_packages_stay_loaded_too(models, tmp_path, monkeypatch):
    facts = tmp_path / "other_thing-2.1.dist-info"
    facts.mkdir()
    (facts / "entry_points.txt").write_text("[lipsync.generators]\nsame = other_thing:begin\n")
    (tmp_path / "other_thing.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    first, state = engine(models, replace(OPTIONS, engine="same"))
    assert state == "loaded"
    assert engine(models, replace(OPTIONS, engine="same")) == (first, "resident")


def test_few_are_kept(models):
    for left in range(0, 40, 2):
        engine(models, visible=Rect(0, 96, left, 96))
    assert len(models._engines) == MOST_ENGINES


def test_the_one_used_longest_ago_goes_first_and_before_the_next_is_loaded():
    cache, sizes = LruCache(2), []

    def load():
        sizes.append(len(cache))
        return object()

    first = cache.get("a", load)[0]
    cache.get("b", load)
    assert cache.get("a", load) == (first, "resident")
    cache.get("c", load)
    assert cache.get("a", load) == (first, "resident") and cache.get("b", load)[1] == "loaded"
    assert sizes == [0, 1, 1, 1]


def test_detectors_stay(models):
    first = stages(models).detector()
    assert models.loads == {"detector": "loaded"}
    assert stages(models).detector() is first
    assert models.loads == {"detector": "resident"}


def test_without_weights_the_puppet_is_a_notice(models, monkeypatch, tmp_path):
    monkeypatch.setattr("wav2lip.checkpoint.checkpoint_folders", lambda: (tmp_path,))
    monkeypatch.delenv("MODEL_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    engine(models, replace(OPTIONS, engine="auto"))
    assert len(models.notices) == 1 and "puppet" in models.notices[0]
    engine(models)
    assert models.notices == []
