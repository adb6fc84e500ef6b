"""Engines are compared before they are timed, and only what is right is timed."""

import json
from functools import partial

import numpy as np
import pytest

from base.geometry import Rect
from benchmarks.__main__ import main
from benchmarks.engines import measure
from benchmarks.engines.frames import load_subject, make_batch, visible_parts
from benchmarks.engines.measure import (
    Bench,
    Difference,
    Row,
    difference_of,
    generate_patches,
    is_tolerable,
    measure_variants,
)
from benchmarks.engines.table import figures
from benchmarks.engines.variants import (
    ENGINES,
    PLAIN,
    PUPPET,
    WHOLE,
    Variant,
    all_variants,
    devices,
)
from benchmarks.material.weights import make_checkpoint
from wav2lip.generators import DIFF2LIP, GENERATORS

PARTS = [WHOLE, "region 0.4"]


@pytest.fixture(scope="module")
def subject():
    return load_subject()


@pytest.fixture
def few(monkeypatch):
    """So few frames that a test is short; each variant is loaded once for all of them."""
    monkeypatch.setattr(measure, "TIMED", {"cpu": 2})
    monkeypatch.setattr(measure, "COMPARED", 3)
    load, loaded = Bench.generator, {}

    def load_once(bench, variant):
        if variant not in loaded:
            loaded[variant] = load(bench, variant)
        return loaded[variant]

    monkeypatch.setattr(Bench, "generator", load_once)


@pytest.fixture(scope="module")
def bench(subject, tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    checkpoint = make_checkpoint(folder / "tensors.safetensors")
    return Bench(checkpoint, make_batch(subject, 8), {})


def variant(engine, half=False, batch=2, part=WHOLE):
    return Variant(engine, "cpu", half, part, batch)


def altered(levels, batches):
    """A generator that is wrong by so many levels at one place."""
    for batch in batches:
        patches = np.full(batch.faces.shape, 100, np.uint8)
        patches[0, 80, 48] += levels
        yield patches


def test_every_engine_is_run_in_every_precision_it_has():
    variants = all_variants("cpu", PARTS, [8])
    assert {v.engine for v in variants} == {PLAIN, *GENERATORS} - {DIFF2LIP}
    assert {v.half for v in variants if v.engine == "openvino"} == {False, True}
    assert {v.part for v in variants if v.engine == "openvino"} == set(PARTS)
    assert {v.part for v in variants if v.engine != "openvino"} == {WHOLE}
    assert {v.half for v in variants if v.engine in (PLAIN, PUPPET)} == {False}


def test_on_a_gpu_torch_runs_alone():
    assert {v.engine for v in all_variants("cuda", PARTS, None)} == {PLAIN, "torch"}
    assert devices("cuda") == ["cuda"] and devices("cpu") == ["cpu"]


def test_frames_are_the_same_every_time_and_no_two_are(subject):
    first, again = make_batch(subject, 3), make_batch(subject, 3)
    assert np.array_equal(first.mels, again.mels) and np.array_equal(first.faces, again.faces)
    assert not np.array_equal(first.mels[0], first.mels[1])
    assert not np.array_equal(first.faces[0], first.faces[1])
    assert (first.landmarks > 0).all() and (first.landmarks < 96).all()


def test_less_of_the_patch_shows_in_a_smaller_region(subject):
    areas = [r.size[0] * r.size[1] / 96**2 for r in visible_parts(subject).values()]
    assert 1 > areas[0] > areas[1] > 0.1


def test_a_difference_is_the_largest_and_the_mean():
    exact = np.zeros((1, 96, 96, 3), np.uint8)
    other = exact.copy()
    other[0, 10, 20] = 96
    assert difference_of(other, exact, None) == Difference(96.0, pytest.approx(96 / 96**2))
    assert difference_of(other, exact, Rect(11, 96, 0, 96)) == Difference(0, 0)
    with pytest.raises(ValueError, match="came back"):
        difference_of(other[:, :90], exact, None)


@pytest.mark.parametrize(("half", "levels", "fine"), [(False, 2, True), (False, 3, False)])
def test_more_than_a_few_levels_are_an_error(half, levels, fine):
    assert is_tolerable(variant("torch", half), Difference(levels, 0.1)) is fine
    assert is_tolerable(variant(PUPPET), None)


@pytest.mark.usefixtures("few")
def test_a_wrong_engine_is_not_timed(bench, monkeypatch):
    for name, levels in (("good", 0), ("bad", 9)):
        monkeypatch.setitem(ENGINES, name, lambda _, levels=levels: partial(altered, levels))
    monkeypatch.setitem(ENGINES, PLAIN, ENGINES["good"])
    good, bad = measure_variants(bench, [variant("good"), variant("bad")], 2, lambda _: None)
    assert good.passed and good.ms > 0 and good.difference.largest == 0
    assert not bad.passed and bad.ms is None and bad.difference.largest == 9
    assert "wrong" in figures([bad])


def test_the_table_compares_with_the_plain_network():
    plain = [
        Row(variant(PLAIN, batch=b), ms, Difference(0, 0), True) for b, ms in ((1, 60), (8, 40))
    ]
    fast = Row(variant("openvino", half=True), 8.0, Difference(1, 0.2), True)
    lines = figures([*plain, fast]).splitlines()
    assert len(lines) == 5
    assert [cell.strip() for cell in lines[4].split("|")[1:-1]] == [
        *("openvino", "cpu", "half", WHOLE, "2", "8.00", "5.00", "1", "0.200")
    ]


@pytest.mark.usefixtures("few")
def test_made_weights_make_patches_of_full_contrast(bench):
    """Otherwise engines could not differ."""
    patches = generate_patches(bench, variant(PLAIN))
    assert patches.shape == (3, 96, 96, 3) and patches.std(axis=(1, 2)).min() > 15
    assert np.abs(patches[0].astype(int) - patches[1]).max() > 5


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_the_command_writes_figures(bench, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.engines.frames.REGION_SIZES", (0.4,))
    out = tmp_path / "e.json"
    arguments = ["--engine", "openvino", "--engine", PUPPET, "--batch", "2", "--quick"]
    arguments += ["--device", "cpu", "--checkpoint_path", str(bench.checkpoint), "--out", str(out)]
    assert main(["engines", *arguments]) == 0
    kept = json.loads(out.read_text())
    assert {"machine", "commit", "settings", "passed", "rows"} <= set(kept)
    assert {r["engine"] for r in kept["rows"]} == {PLAIN, "openvino", PUPPET}
    fields = {"engine", "device", "half", "part", "batch", "ms", "largest", "mean", "passed"}
    assert all(set(r) == fields and r["ms"] > 0 for r in kept["rows"])
    assert [r["largest"] is None for r in kept["rows"]].count(True) == 1
    assert "| openvino" in capsys.readouterr().out
