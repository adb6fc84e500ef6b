"""The subcommand, its cases and its verdict."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import SUBCOMMANDS, main
from benchmarks.blend.cases import MOST_SHIFT, case_of, clip_of
from benchmarks.blend.command import run
from benchmarks.blend.measure import Row, milliseconds
from benchmarks.blend.subjects import PORTRAIT, subjects
from benchmarks.blend.table import figures
from benchmarks.blend.verdict import compared, verdict
from blending.methods import BLENDERS, Look

GOOD = Row("ellipse", 256, "one", 0.2, 1.0, 0.0, 2.0, 1.0, 1.0, 0.3, 0.8, 0.0, 0.2, 0.5)
PLAIN = replace(GOOD, method="original", seam=8.0)


@dataclass(frozen=True)
class Bad:
    """A look with a fault planted into its result."""

    fault: str

    def outline(self, box, landmarks):
        return Look("ellipse").outline(box, landmarks)

    def laid(self, patch, face, mask, box):
        out = Look("ellipse").laid(patch, face, mask, box)
        return {
            "half": lambda: 0.5 * (out + face),
            "seam": lambda: np.where(mask[:, :, None] > 0.2, out + 12, face),
            "outside": lambda: out + 0.5,
            "flicker": lambda: out + mask[:, :, None] * (patch.pixels.sum() % 97 / 8),
        }[self.fault]().astype(np.float32)


@pytest.fixture(scope="module")
def people():
    return subjects([PORTRAIT])


def test_the_command_writes_figures_and_a_sheet(tmp_path, capsys):
    out, sheet = tmp_path / "new" / "b.json", tmp_path / "b.png"
    words = ["--quick", "--size", "96", "--method", "ellipse", "--method", "original"]
    code = main(
        ["blend", *words, "--face", str(PORTRAIT), "--out", str(out), "--sheet", str(sheet)]
    )
    results = json.loads(out.read_text())
    assert code == (0 if results["passed"] else 1)
    assert {row["method"] for row in results["rows"]} == {"ellipse", "original"}
    assert all(row["size"] == 96 and row["ms"] > 0 for row in results["rows"])
    assert {"machine", "commit", "settings", "verdict"} <= set(results)
    assert str(Path.home()) not in out.read_text()
    assert cv2.imread(str(sheet)).shape[1] == 4 * 200  # source, patch and two methods
    assert "| 96 px | ellipse" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--method", "magic"],
        ["--size", "20"],
        ["--size", "wide"],
        ["--mouth_region_size", "7"],
        ["--sheet", "sheet.txt"],
        ["--unknown"],
    ],
)
def test_wrong_usage_is_told_in_a_line(words, capsys):
    assert main(["blend", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_picture_without_a_face_is_told_in_a_line(tmp_path, capsys):
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((200, 200, 3), 128, np.uint8))
    assert main(["blend", "--face", str(path)]) == 4
    assert "grey" in capsys.readouterr().err


def test_an_unknown_subcommand_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(["magic"])
    assert left.value.code == 2


def test_help_names_every_subcommand(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert all(f" {name} " in told for name in SUBCOMMANDS)


def test_the_three_faces_differ():
    three = subjects([])
    assert len({subject.name for subject in three}) == 3
    small = [cv2.resize(case_of(s, 96).source, (24, 24)).astype(float) for s in three]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(small[first] - small[second]).mean() > 15


@pytest.mark.parametrize("size", [96, 256])
def test_a_case_knows_its_truth(people, size):
    case = case_of(people[0], size)
    assert case.box.width == pytest.approx(size, abs=1)
    assert case.mouth.any() and not (case.mouth & ~case.changed).any()
    assert np.abs(case.face - case.truth)[~case.changed].mean() < 0.5
    assert np.abs(case.face - case.truth)[case.mouth].mean() > 20
    apart = case.given.mean(axis=(0, 1)) - case.clean.mean(axis=(0, 1))
    assert (np.abs(apart) > 1.5).all() and (np.abs(apart) < MOST_SHIFT + 0.5).all()


def test_a_clip_is_the_same_every_time_and_no_two_frames_are(people):
    case = case_of(people[0], 96)
    one, two = clip_of(case, 4), clip_of(case, 4)
    assert all(map(np.array_equal, one.patches, two.patches))
    assert one.landmarks == two.landmarks and len(set(one.landmarks)) == 4
    assert not np.array_equal(one.patches[0], one.patches[1])


def test_timing_leaves_the_threads_as_they_were(people):
    case = case_of(people[0], 96)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        assert milliseconds(Look(), case, clip_of(case, 2)) > 0
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize(
    ("fault", "missed"),
    [
        ("half", "coverage"),
        ("seam", "seam / original"),
        ("outside", "outside"),
        ("flicker", "flicker"),
    ],
)
def test_a_bad_method_misses_its_limit(people, fault, missed):
    looks = {"original": Look("original"), "ellipse": Look("ellipse"), "bad": Bad(fault)}
    results = run(looks, people, (96,), 4)
    assert not results.passed
    assert missed in {
        line.what for line in results.verdict if line.method == "bad" and not line.passed
    }
    assert missed not in {
        line.what for line in results.verdict if line.method == "ellipse" and not line.passed
    }


def test_good_figures_pass():
    assert all(line.passed for line in verdict([PLAIN, GOOD]))


@pytest.mark.parametrize(
    "wrong",
    [{"seam": 0.9}, {"coverage": 0.97}, {"outside": 0.01}, {"flicker": 0.6}, {"ms": 1.2}],
)
def test_each_limit_can_be_missed(wrong):
    lines = verdict([PLAIN, replace(GOOD, **wrong)])
    assert sum(not line.passed for line in lines) == 1


def test_the_worst_face_decides_on_coverage():
    lines = verdict([PLAIN, GOOD, replace(GOOD, face="two", coverage=0.9)])
    assert [line.what for line in lines if not line.passed] == ["coverage"]


@pytest.mark.parametrize(("sharpness", "passed"), [(3.0, False), (3.7, True)])
def test_hd_has_to_be_crisper_than_the_ellipse(sharpness, passed):
    lines = verdict([PLAIN, GOOD, replace(GOOD, method="hd", sharpness=sharpness)])
    assert [x.passed for x in lines if x.what == "sharpness / ellipse"] == [passed]


def test_a_large_face_may_cost_four_times_as_much():
    rows = [replace(GOOD, size=512, ms=3.9), replace(GOOD, size=512, method="guided", ms=21)]
    assert [line.method for line in verdict(rows) if not line.passed] == ["guided"]


def test_methods_are_held_against_the_ellipse():
    other = replace(GOOD, method="guided", sharpness=2.5, flicker=0.4, seam=0.21)
    (found,) = compared([GOOD, other])
    assert found.better == ("sharpness",) and found.worse == ("flicker",)


def test_the_table_has_a_line_for_every_method_and_size():
    rows = [replace(GOOD, method=m, size=s) for s in (96, 256) for m in BLENDERS]
    assert len(figures(rows).splitlines()) == 2 + len(rows)
