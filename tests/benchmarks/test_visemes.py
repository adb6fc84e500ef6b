"""The benchmark of lip shapes: it counts what it says, and the true phonemes are followed."""

import json

import numpy as np
import pytest

from base.phonemes import Phoneme
from benchmarks.__main__ import main
from benchmarks.visemes.measure import measure

TRUTH = (Phoneme("m", 0.5, 0.6), Phoneme("a", 0.6, 0.9), Phoneme("f", 0.9, 1.0))


def mouth(closed=(), tucked=()):
    rows = np.zeros((160, 5))
    rows[:, 0] = np.sin(np.arange(160) / 9) + 1
    for column, times in ((2, closed), (3, tucked)):
        rows[[round(time * 80) for time in times], column] = 1
    return rows


@pytest.mark.parametrize(
    ("moved", "closures", "tucks", "false"),
    [
        (mouth(), (0, 1), (0, 1), 0),
        (mouth(closed=[0.55]), (1, 1), (0, 1), 0),
        (mouth(closed=[0.1, 0.3, 1.4]), (0, 1), (0, 1), 3),
        (mouth(closed=[0.65], tucked=[0.95, 0.2]), (0, 1), (1, 1), 0),
    ],
)
def test_closures_are_counted_where_they_belong(moved, closures, tucks, false):
    row = measure("way", moved, TRUTH, mouth())
    assert (row.closures, row.tucks, row.false_closures) == (closures, tucks, false)
    assert row.jaw == pytest.approx(1) and row.width == 0


def test_the_true_phonemes_of_the_demo_are_followed(tmp_path, capsys):
    out = tmp_path / "visemes.json"
    assert main(["visemes", "--out", str(out)]) == 0
    rows = {row["way"]: row for row in json.loads(out.read_text())["rows"]}
    true, sound = rows["the true phonemes"], rows["its sound"]
    assert true["closures"][0] == true["closures"][1] > sound["closures"][0]
    assert "| its sound" in capsys.readouterr().out
