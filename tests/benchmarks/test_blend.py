"""The subcommand, its cases, its meters and its limits."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import SUBCOMMANDS, main
from benchmarks.blend.cases import MOST_SHIFT, make_case, make_patch_clip
from benchmarks.blend.command import measure_all
from benchmarks.blend.measure import (
    Row,
    blend_clip,
    median_milliseconds,
    meter_values,
)
from benchmarks.blend.subjects import PORTRAIT, load_subjects
from benchmarks.blend.table import meter_table, score_table
from benchmarks.blend.verdict import check_limits, compare_methods
from blending.methods import BLENDERS, BlendSettings
from quality.meters import METERS
from quality.verdict import BOUNDS

LIMITS = {bound.meter: bound for bound in BOUNDS}
GOOD_METERS = {name: LIMITS[name].passes for name in METERS}
GOOD = Row("ellipse", 256, "one", 0.2, 1.0, 0.0, 2.0, 1.0, 0.3, 0.8, 0.0, 0.2, 0.5, GOOD_METERS)
PLAIN = replace(GOOD, method="original", mask_edge_step=8.0)


@dataclass(frozen=True)
class Bad:
    """A blend method with a fault planted into its result."""

    fault: str

    def outline(self, box, landmarks):
        return BlendSettings("ellipse").outline(box, landmarks)

    def blend(self, patch, face, mask, box):
        out = BlendSettings("ellipse").blend(patch, face, mask, box)
        return {
            "half": lambda: 0.5 * (out + face),
            "seam": lambda: np.where(mask[:, :, None] > 0.2, out + 12, face),
            "outside": lambda: out + 0.5,
            "flicker": lambda: out + mask[:, :, None] * (patch.pixels.sum() % 97 / 8),
        }[self.fault]().astype(np.float32)


@pytest.fixture(scope="module")
def subjects():
    return load_subjects([PORTRAIT])


@pytest.mark.slow
def test_the_command_writes_figures_and_a_sheet(tmp_path, capsys):
    out, sheet = tmp_path / "new" / "b.json", tmp_path / "b.png"
    arguments = ["--quick", "--size", "96", "--method", "ellipse", "--method", "original"]
    code = main(
        ["blend", *arguments, "--face", str(PORTRAIT), "--out", str(out), "--sheet", str(sheet)]
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
    "arguments",
    [
        ["--method", "magic"],
        ["--size", "20"],
        ["--size", "wide"],
        ["--mouth_region_size", "7"],
        ["--sheet", "sheet.txt"],
        ["--unknown"],
    ],
)
def test_wrong_usage_is_reported_in_a_line(arguments, capsys):
    assert main(["blend", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_picture_without_a_face_is_reported_in_a_line(tmp_path, capsys):
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
    printed = capsys.readouterr().out
    assert SUBCOMMANDS.keys() <= {line.split()[0] for line in printed.splitlines() if line.strip()}


@pytest.mark.slow
def test_the_three_faces_differ():
    three = load_subjects([])
    assert len({subject.name for subject in three}) == 3
    small = [cv2.resize(make_case(s, 96).source_face, (24, 24)).astype(float) for s in three]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(small[first] - small[second]).mean() > 15


@pytest.mark.parametrize("size", [96, 256])
def test_a_case_knows_its_truth(subjects, size):
    case = make_case(subjects[0], size)
    assert case.box.width == pytest.approx(size, abs=1)
    assert case.mouth.any() and not (case.mouth & ~case.moved).any()
    assert np.abs(case.region - case.true_region)[~case.moved].mean() < 0.5
    assert np.abs(case.region - case.true_region)[case.mouth].mean() > 20
    shift = np.abs(case.patch.mean(axis=(0, 1)) - case.true_face.mean(axis=(0, 1)))
    assert (shift > 1.5).all() and (shift < MOST_SHIFT + 0.5).all()


def test_a_clip_is_the_same_every_time_and_no_two_frames_are(subjects):
    case = make_case(subjects[0], 96)
    first, second = make_patch_clip(case, 4), make_patch_clip(case, 4)
    assert all(map(np.array_equal, first.patches, second.patches))
    assert first.landmarks == second.landmarks and len(set(first.landmarks)) == 4
    assert not np.array_equal(first.patches[0], first.patches[1])


def test_timing_leaves_the_threads_as_they_were(subjects):
    case = make_case(subjects[0], 96)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        assert median_milliseconds(BlendSettings(), case, make_patch_clip(case, 2)) > 0
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize(
    ("fault", "missed"),
    [
        ("half", "coverage"),
        ("seam", "step at the mask / original"),
        ("outside", "outside the mask"),
        ("flicker", "skin flicker"),
    ],
)
def test_a_bad_method_misses_its_limit(subjects, fault, missed):
    blendings = {
        "original": BlendSettings("original"),
        "ellipse": BlendSettings("ellipse"),
        "bad": Bad(fault),
    }
    results = measure_all(blendings, subjects, (96,), 4)
    assert not results.passed
    assert missed in {
        line.what for line in results.limits if line.method == "bad" and not line.passed
    }
    assert missed not in {
        line.what for line in results.limits if line.method == "ellipse" and not line.passed
    }


def test_good_figures_pass():
    assert all(line.passed for line in check_limits([PLAIN, GOOD]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mask_edge_step": 0.9},
        {"coverage": 0.97},
        {"outside_mask": 0.01},
        {"skin_flicker": 0.6},
        {"ms": 1.2},
    ],
)
def test_each_limit_can_be_missed(wrong):
    lines = check_limits([PLAIN, replace(GOOD, **wrong)])
    assert sum(not line.passed for line in lines) == 1


@pytest.mark.parametrize("name", METERS)
def test_the_limit_of_every_meter_can_be_missed(name):
    bad = replace(GOOD, face="two", meters={**GOOD_METERS, name: LIMITS[name].fails})
    lines = check_limits([PLAIN, GOOD, bad])
    assert [line.what for line in lines if not line.passed] == [name]


def test_a_meter_that_measured_nothing_has_no_limit():
    lines = check_limits([PLAIN, replace(GOOD, meters=dict.fromkeys(METERS))])
    assert all(line.passed for line in lines) and not {line.what for line in lines} & set(METERS)


def test_the_meters_see_the_faults_of_a_plain_paste_alone(subjects):
    """With the figures that `quality` gives for the same pictures."""
    case = make_case(subjects[0], 96)
    clip = make_patch_clip(case, 4)
    plain, ellipse = (
        meter_values(
            [blended.frame for blended in blend_clip(BlendSettings(name), case, clip)], case
        )
        for name in ("original", "ellipse")
    )
    failed = {name for name in METERS if LIMITS[name].level(plain[name]) == "fail"}
    assert failed >= {"seam", "colour_step", "face_sharpness"}
    assert {LIMITS[name].level(ellipse[name]) for name in METERS} == {"pass"}


@pytest.mark.parametrize(
    ("meter", "fault"),
    [
        ("colour_step", lambda index: np.array([0, 0, 8], np.float32)),
        ("flicker", lambda index: np.float32(2 * (index % 2))),
    ],
)
def test_another_tint_and_changing_light_are_seen_by_the_meters(subjects, meter, fault):
    case = make_case(subjects[0], 96)
    disc = np.zeros(case.region.shape[:2], np.float32)
    centre = tuple(round(x) for x in case.landmarks.mouth_centre)
    cv2.circle(disc, centre, round(1.3 * case.landmarks.mouth_width), 1, -1)
    mask = cv2.GaussianBlur(disc, (0, 0), 4.0)[:, :, None]
    clean = meter_values([case.region] * 3, case)
    planted = meter_values([case.region + mask * fault(index) for index in range(3)], case)
    assert LIMITS[meter].level(clean[meter]) == "pass"
    assert LIMITS[meter].level(planted[meter]) == "fail"


def test_the_worst_face_decides_on_coverage():
    lines = check_limits([PLAIN, GOOD, replace(GOOD, face="two", coverage=0.9)])
    assert [line.what for line in lines if not line.passed] == ["coverage"]


@pytest.mark.parametrize(("detail", "passed"), [(2.2, False), (2.6, True)])
def test_hd_has_to_be_crisper_than_the_ellipse(detail, passed):
    lines = check_limits([PLAIN, GOOD, replace(GOOD, method="hd", mouth_detail=detail)])
    assert [x.passed for x in lines if x.what == "mouth detail / ellipse"] == [passed]


def test_a_large_face_may_cost_four_times_as_much():
    rows = [replace(GOOD, size=512, ms=3.9), replace(GOOD, size=512, method="guided", ms=21)]
    assert [line.method for line in check_limits(rows) if not line.passed] == ["guided"]


def test_methods_are_compared_with_the_ellipse():
    other = replace(GOOD, method="guided", mouth_detail=2.5, skin_flicker=0.4, mask_edge_step=0.21)
    (difference,) = compare_methods([GOOD, other])
    assert difference.better == ("mouth_detail",) and difference.worse == ("skin_flicker",)


def test_the_tables_have_a_line_for_every_method_and_size():
    rows = [replace(GOOD, method=m, size=s) for s in (96, 256) for m in BLENDERS]
    assert len(score_table(rows).splitlines()) == 2 + len(rows)
    assert len(meter_table(rows).splitlines()) == 2 + len(rows)
