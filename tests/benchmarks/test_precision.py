"""The precisions side by side: what is compared, what is a problem, and trained weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from base.geometry import Rect
from benchmarks.engines.frames import load_subject, make_batch
from benchmarks.precision import training
from benchmarks.precision.command import MOST_LARGEST, MOST_MEAN, problems, table
from benchmarks.precision.networks import PRECISIONS, NetworkFigures, measure_networks
from benchmarks.precision.runs import RunFigures, changed_meters
from benchmarks.precision.training import Examples, talking_batch, train_checkpoint
from wav2lip.network import load_network

pytestmark = pytest.mark.slow

METERS = {"seam": 0.5, "lag_ms": None, "mouth_sharpness": 0.9}


def networks(**int8):
    figures = {name: NetworkFigures(name, 8.0, 1, 0.2, ()) for name in PRECISIONS}
    return {**figures, "int8": replace(figures["int8"], **int8)}


def runs(**meters):
    figures = {name: RunFigures(5.0, 400.0, METERS) for name in PRECISIONS}
    return {**figures, "int8": RunFigures(5.0, 400.0, {**METERS, **meters})}


def test_8_bits_that_are_near_and_judged_alike_are_no_problem():
    assert problems(networks(), runs()) == []
    assert problems(networks(), runs(mouth_sharpness=0.91)) == []


@pytest.mark.parametrize(
    ("figures", "meters", "words"),
    [
        ({"mean": MOST_MEAN}, {}, "levels off"),
        ({"largest": MOST_LARGEST}, {}, "levels off"),
        ({}, {"mouth_sharpness": 0.8}, "mouth_sharpness differs"),
        ({}, {"lag_ms": 10.0}, "lag_ms differs"),
    ],
)
def test_what_misses_a_limit_is_named(figures, meters, words):
    (problem,) = problems(networks(**figures), runs(**meters))
    assert words in problem


def test_weights_that_fell_back_are_not_judged_as_8_bits():
    assert problems(networks(used="bf16", mean=40), runs(seam=9.0)) == []


def test_a_small_meter_may_change_by_a_share_of_its_limit():
    tiny = RunFigures(1.0, 1.0, {"new_spot": 0.001})
    assert changed_meters(tiny, replace(tiny, meters={"new_spot": 0.0})) == []


def test_the_table_has_a_column_for_each_precision_and_a_row_for_each_meter():
    lines = table(networks(), networks(), runs()).splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[2:-1]] == [*PRECISIONS]
    assert {line.split("|")[1].strip() for line in lines} >= {"used", "ms a frame", *METERS}


def test_the_face_of_the_examples_speaks():
    silent = make_batch(load_subject(), 40).faces.astype(int)
    change = np.abs(talking_batch(40).faces - silent).mean(axis=(2, 3))
    mouth, forehead = change[:, 60:90].mean(axis=1), change[:, :24].mean(axis=1)
    assert mouth.max() > 2 and mouth.max() > 2 * mouth.min() and mouth.max() > 5 * forehead.max()


def test_examples_hide_the_mouth_that_is_to_be_made():
    batch = talking_batch(6)
    faces = torch.from_numpy(batch.faces).permute(0, 3, 1, 2).float() / 255
    examples = Examples(torch.from_numpy(batch.mels)[:, None], faces)
    mels, seen, wanted = examples.draw(5, torch.Generator().manual_seed(1))
    assert (mels.shape, seen.shape, wanted.shape) == (
        (5, 1, 80, 16),
        (5, 6, 96, 96),
        (5, 3, 96, 96),
    )
    assert (seen[:, :3, 48:] == 0).all() and torch.equal(seen[:, :3, :48], wanted[:, :, :48])
    again = examples.draw(5, torch.Generator().manual_seed(1))[1]
    assert torch.equal(again, seen)


def test_trained_weights_are_a_whole_checkpoint(tmp_path, monkeypatch):
    for name, value in {"BATCH": 2, "NORM_BATCHES": 1, "NORM_BATCH": 2, "FRAMES": 4}.items():
        monkeypatch.setattr(training, name, value)
    network = load_network(train_checkpoint(tmp_path / "w.safetensors", print, steps=1))
    variances = network.face_decoder_blocks[6][2].conv_block[1].running_var
    assert variances.std() > 0  # measured, not the ones of a new network


def test_every_precision_is_compared_with_fp32(checkpoint, tmp_path):
    figures = measure_networks(
        checkpoint, tmp_path, talking_batch(20), Rect(60, 90, 30, 66), still=False, turns=1
    )
    assert [*figures] == [*PRECISIONS] and figures["fp32"].largest == 0
    assert all(one.ms > 0 and one.largest <= 20 for one in figures.values())
    assert figures["int8"].used != "int8" or figures["int8"].mean > 0
