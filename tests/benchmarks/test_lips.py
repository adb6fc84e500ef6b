"""The figures of mouths, each with its fault planted, and the command that measures them."""

import json
import shutil
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from base.errors import NoFaceError, UsageError
from base.lips import CHIN, LOWER_INNER, UPPER_INNER, Lips
from benchmarks.__main__ import main
from benchmarks.lips.material import ClipFolder, loudest_part, make_runs, make_sounds, open_folder
from benchmarks.lips.pairs import LipsEye, first_lips, lips_pairs
from benchmarks.lips.plot import draw_openings
from benchmarks.lips.record import from_rows, record_of
from benchmarks.lips.runs import SILENCE, SPEECH, STRENGTH_0, LipsResult, LipsRun, measured
from benchmarks.lips.sheet import contact_sheets
from benchmarks.lips.tiles import TILE, liveliest, nearest_to_shares, strips_of, tile_of
from benchmarks.lips.tone import teeth_tone
from benchmarks.lips.variants import VARIANTS, cut_around_face, write_variants
from benchmarks.lips.verdict import STILL, VIDEO, drive_of, judge
from benchmarks.material.sound import make_speech
from benchmarks.runs.process import RunError
from quality.detail import detail_kept
from quality.mouth_pair import opening
from quality.place import (
    inner_outline,
    lips_offset,
    middle_and_height,
    most_conspicuous,
    new_spot,
)
from quality.series import (
    added_trembling,
    following,
    following_of_source,
    jumps,
    pops,
    rest_share,
    steady,
)
from tests.media import make_video
from tests.talking import PORTRAIT
from video.still import read_picture
from video.yuv import Frame

pytestmark = pytest.mark.slow

FPS = Fraction(25)


@pytest.fixture(scope="module")
def pair():
    """The portrait beside itself."""
    return first_lips(PORTRAIT, FPS)


def with_lips(pair, down=0.0, gap=None):
    """The pair with its result's lips moved down, and open so far; both in mouth widths."""
    points = pair.result_lips.points.copy()
    chin = pair.result_lips.mesh(CHIN)[0] - pair.result_lips.lower_inner[5]
    way = (chin / np.hypot(*chin) * pair.mouth_width).astype(np.float32)
    points[:40] += down * way
    if gap is not None:
        points[UPPER_INNER] = points[LOWER_INNER][1:-1] - gap * way
    return replace(pair, result_lips=Lips(points))


def place_below(pair, share):
    """The pixel that lies so many mouth widths below the middle of the lower inner lip."""
    middle, chin = pair.source_lips.lower_inner[5], pair.source_lips.mesh(CHIN)[0]
    way = (chin - middle) / np.hypot(*(chin - middle))
    return np.rint(middle + share * pair.mouth_width * way).astype(int).tolist()


def with_hole(pair, share):
    """A dark hole with a white bar, so many mouth widths below the lips."""
    result, width = pair.result.copy(), pair.mouth_width
    x, y = place_below(pair, share)
    axes = round(0.3 * width), round(0.1 * width)
    cv2.ellipse(result, (x, y), axes, 0, 0, 360, (30, 20, 40), -1)
    cv2.ellipse(result, (x, y - axes[1] // 2), (axes[0] // 2, 3), 0, 0, 360, (240, 240, 240), -1)
    return replace(pair, result=result)


def test_a_hole_in_the_chin_is_seen_where_it_is(pair):
    spot = new_spot(with_hole(pair, 0.4))
    assert spot.middle == pytest.approx(0.4, abs=0.06) and spot.edge > 0.15


def test_an_opening_at_the_lips_is_in_its_place(pair):
    spot = new_spot(with_hole(pair, 0.04))
    assert spot.middle < 0.12 and spot.edge < 0.02


def test_weak_changes_elsewhere_do_not_move_the_spot():
    new = np.full((144, 128), 8, np.float32)
    new[80:100, 40:60], new[20:24, 100:104] = 60, 70
    point, height = middle_and_height(most_conspicuous(new))
    assert point == pytest.approx((50, 90), abs=0.1) and height == pytest.approx(20, abs=0.2)
    assert most_conspicuous(new / 10) is None


def test_lips_and_skin_that_move_are_nothing_new(pair):
    result = pair.result.copy()
    _, y = place_below(pair, 0.0)
    drop = round(0.15 * pair.mouth_width)
    result[y + drop :] = pair.result[y:-drop]
    result[y : y + drop] = pair.result[y]
    moved = new_spot(replace(pair, result=result))
    assert np.isnan(new_spot(pair).middle)
    assert np.isnan(moved.middle) or moved.middle < 0.15


def test_the_middle_between_the_lips_is_measured_from_the_sources(pair):
    assert lips_offset(with_lips(pair, gap=0.2)) < 0.05
    assert lips_offset(with_lips(pair, down=0.5, gap=0.2)) == pytest.approx(0.4, abs=0.1)
    assert np.isnan(lips_offset(with_lips(pair, gap=0.0)))


def test_an_opening_is_the_gap_over_the_mouths_width(pair):
    open_pair = with_lips(pair, gap=0.3)
    assert opening(open_pair.result_lips, pair.mouth_width) == pytest.approx(0.3, abs=0.02)


def test_blurred_skin_has_lost_its_detail(pair):
    soft = cv2.GaussianBlur(pair.result, (0, 0), 1.5)
    assert detail_kept(pair) == pytest.approx(1.0)
    assert detail_kept(replace(pair, result=soft)) < 0.4


def test_a_drawn_edge_does_not_make_up_for_lost_detail(pair):
    soft = replace(pair, result=cv2.GaussianBlur(pair.result, (0, 0), 1.5))
    assert detail_kept(with_hole(soft, 0.4)) < 0.8


def test_the_lips_themselves_do_not_count_as_detail(pair):
    result = pair.result.copy()
    outline = np.rint(inner_outline(pair.result_lips)).astype(int)
    cv2.fillPoly(result, [outline], (0, 255, 0))
    assert detail_kept(replace(pair, result=result)) == pytest.approx(1.0, abs=0.01)


def with_teeth(pair, bgr):
    open_pair = with_lips(pair, gap=0.2)
    result = pair.result.copy()
    cv2.fillPoly(result, [np.rint(inner_outline(open_pair.result_lips)).astype(int)], bgr)
    return replace(open_pair, result=result)


def test_teeth_in_the_faces_light_pass_and_a_blue_bar_does_not(pair):
    assert teeth_tone(with_teeth(pair, (190, 215, 235))) < 3
    assert teeth_tone(with_teeth(pair, (235, 200, 180))) > 12


def test_the_sources_own_teeth_are_as_they_are(pair):
    blue = with_teeth(pair, (235, 200, 180))
    own = replace(blue, source=blue.result, source_lips=blue.result_lips)
    assert teeth_tone(own) == 0.0


def test_a_dark_mouth_and_a_closed_one_have_no_teeth(pair):
    assert np.isnan(teeth_tone(with_teeth(pair, (30, 25, 40))))
    assert np.isnan(teeth_tone(with_lips(pair, gap=0.0)))


def wave(frames=150, period=8.0, phase=0.0):
    return 0.1 + 0.1 * np.sin(2 * np.pi * np.arange(frames) / period + phase)


ONE_SHOT = np.zeros(150, bool)


def test_rest_is_a_closed_mouth():
    openings = np.array([0.0, 0.02, 0.04, 0.2])
    assert rest_share(openings) == 0.75


def test_a_jump_counts_inside_a_shot_alone():
    openings = np.array([0.0, 0.0, 0.2, 0.2, 0.25])
    shots = np.zeros(5, bool)
    assert jumps(openings, shots) == 1 and pops(openings, shots) == 0
    shots[2] = True
    assert jumps(openings, shots) == 0


def test_a_single_wrong_frame_pops():
    openings = np.full(9, 0.1)
    openings[4] = 0.3
    assert pops(openings, np.zeros(9, bool)) == 1 and jumps(openings, np.zeros(9, bool)) == 2


def test_corners_that_shake_are_found_beside_a_heads_own_shaking():
    rng = np.random.default_rng(3)
    head = 0.02 * rng.normal(size=(150, 2, 2))
    shaken = head + 0.02 * rng.normal(size=head.shape)
    quiet = steady(np.zeros(150), ONE_SHOT)
    assert added_trembling(head, head, quiet) == 0.0
    assert 0.02 < added_trembling(shaken, head, quiet) < 0.06


def test_corners_may_move_with_the_opening():
    openings = 3 * wave()
    corners = np.repeat(openings, 4).reshape(150, 2, 2)
    assert added_trembling(corners, 0 * corners, steady(openings, ONE_SHOT)) < 0.01


def test_a_mouth_follows_its_sound_within_three_frames():
    sound = np.random.default_rng(1).random(150)
    assert following(np.roll(sound, 3), sound) > 0.95
    assert following(np.roll(sound, 9), sound) < 0.4
    assert following(np.zeros(150), sound) == 0.0


def test_a_mouth_that_goes_on_with_the_sources_speech_is_found():
    sound, own = wave(period=8.0), wave(period=11.0)
    assert following_of_source(sound + 0.5 * own, own, sound) > 0.9
    assert abs(following_of_source(sound, own, sound)) < 0.2


def record(openings=None, **columns):
    """A record of a mouth that opens so, everything else as it should be."""
    openings = wave() if openings is None else openings
    count = len(openings)
    rows = {
        "times": np.arange(count) / 25,
        "starts_shot": np.zeros(count),
        "openings": openings,
        "source_openings": np.zeros(count),
        "corners": np.zeros((count, 2, 2)),
        "source_corners": np.zeros((count, 2, 2)),
        "lips_offsets": np.full(count, 0.02),
        "new_middles": np.full(count, 0.02),
        "new_edges": np.zeros(count),
        "detail": np.ones(count),
        "tones": np.ones(count),
    }
    return replace(from_rows([], 0), **{**rows, **columns})


def result(openings, kind=SPEECH, still=False, **columns):
    run = LipsRun("a face", kind, PORTRAIT, PORTRAIT, still)
    return LipsResult(run, record(**{"openings": openings, **columns}))


def missed(result, drive=None):
    judged = judge(result, wave() if drive is None else drive)
    return [check.what for check in judged.checks if not check.passed]


def test_a_good_mouth_keeps_every_limit():
    assert missed(result(wave())) == [] and missed(result(wave(), still=True)) == []
    assert missed(result(np.zeros(150), kind=SILENCE)) == []


CORNERS = ["corner jumps", "corners tremble"]


def slow_wave():
    return wave(period=60.0)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"new_middles": np.full(150, 0.4), "new_edges": np.full(150, 0.2)}, ["new spot"] * 2),
        ({"lips_offsets": np.full(150, 0.4)}, ["between lips"]),
        ({"detail": np.full(150, 0.6)}, ["detail"]),
        ({"detail": np.tile([1.0, 1.0, 0.7], 50)}, ["detail jumps"]),
        ({"tones": np.full(150, 20.0)}, ["teeth tone"]),
        ({"openings": np.zeros(150)}, ["opens", "follows sound"]),
        ({"openings": wave(period=11.0)}, ["follows sound"]),
        ({"openings": np.tile([0.0, 0.3], 75)}, ["opening jumps", "opening pops", "follows sound"]),
        ({"corners": np.tile([[0.0], [0.2]], (75, 4)).reshape(150, 2, 2)}, CORNERS),
    ],
)
def test_every_fault_misses_its_limit(columns, names):
    slow = {"openings": slow_wave()} if names == CORNERS else {}
    found = missed(result(**{"openings": wave(), **slow, **columns}), slow.get("openings"))
    assert [name.split("'")[0] for name in found] == names


@pytest.mark.parametrize("kind", [SILENCE, STRENGTH_0])
def test_a_mouth_that_speaks_on_in_silence_misses_its_limit(kind):
    assert missed(result(wave(), kind=kind)) == ["at rest"]


def test_the_drive_is_what_stills_do_and_the_loudness_where_none_opens():
    loudness = np.arange(150.0)
    stills = [result(wave(), still=True), result(np.zeros(150), still=True)]
    assert np.corrcoef(drive_of(stills, loudness), wave())[0, 1] > 0.99
    assert drive_of(stills[1:], loudness) is loudness


def test_a_run_that_failed_is_told_and_not_passed():
    run = LipsRun("a face", SPEECH, PORTRAIT, PORTRAIT, True)
    judged = judge(LipsResult(run, None, error="no face"), wave())
    assert not judged.passed and judged.kind == STILL and judged.error == "no face"


def test_what_a_run_does_not_need_is_not_measured(pair):
    rest, place = (record_of([pair], needs) for needs in ("rest", "place"))
    assert np.isnan(rest.detail).all() and np.isnan(place.detail).all()
    assert np.isfinite(record_of([pair], "all").detail).all()
    hole = record_of([with_hole(pair, 0.4)], "place")
    assert np.isfinite(hole.new_middles).all() and rest.openings == place.openings


def test_frames_without_a_face_are_counted_and_begin_a_shot(pair):
    later = [replace(pair, starts_shot=False, time=time) for time in (0.08, 0.12)]
    seen = record_of([pair, None, *later])
    assert seen.faceless == 1 and seen.starts_shot.tolist() == [1.0, 1.0, 0.0]
    assert len(record_of([None])) == 0


def test_a_looped_clip_begins_a_shot_anew_and_lips_are_seen_in_both(tmp_path):
    picture = read_picture(PORTRAIT)
    clip, longer = (
        make_video(tmp_path / f"{frames}.mp4", frames=frames, size=(512, 512), draw=still(picture))
        for frames in (3, 5)
    )
    pairs = list(lips_pairs(longer, clip, FPS))
    assert [pair.starts_shot for pair in pairs] == [True, False, False, True, False]
    offs = [np.abs(pair.source_lips.points - pair.result_lips.points).max() for pair in pairs]
    assert max(offs) < 3


def still(picture):
    return lambda index, width, height: picture


def test_a_result_of_another_size_is_an_error(tmp_path):
    other = make_video(tmp_path / "other.mp4", frames=2, size=(64, 48))
    with pytest.raises(RunError, match="size"):
        next(lips_pairs(other, PORTRAIT, FPS))


def test_a_picture_without_a_face_has_no_lips():
    empty = Frame.of_picture(np.full((128, 128, 3), 90, np.uint8))
    assert LipsEye().pair(empty, empty, 0.0, True) is None


def test_tiles_show_the_mouth_upright_and_enlarged(pair):
    tile = tile_of(replace(pair, result=cv2.GaussianBlur(pair.result, (0, 0), 3)))
    assert tile.source.shape == (TILE, TILE, 3)
    assert np.abs(tile.source.astype(int) - tile.result).max() > 10
    red = tile.source.astype(int)[..., 2] - tile.source[..., 1]
    rows = red[:, TILE // 3 : -TILE // 3].mean(axis=1)
    assert 0.25 < rows.argmax() / TILE < 0.6


def test_sheets_are_narrow_enough_to_be_seen_at_full_size(pair):
    strips = strips_of("a face", [tile_of(pair)] * 20, np.linspace(0, 1, 20))
    sheets = list(contact_sheets([strips] * 3))
    assert len(sheets) == 2 and all(max(sheet.shape) <= 1600 for sheet in sheets)


def test_the_strip_is_where_the_mouth_moves_and_openings_grow():
    openings = np.array([0.0] * 10 + [0.1, 0.2, 0.3, 0.4, 0.2, 0.0, 0.1] + [0.0] * 10)
    assert 7 <= liveliest(openings, 7) <= 13
    assert openings[nearest_to_shares(openings)].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_the_plot_has_a_panel_for_each_clip_with_both_curves():
    plot = draw_openings([("one", record(wave())), ("two", record(wave()))])
    reds = (plot[..., 2].astype(int) - plot[..., 0] > 90).sum()
    assert plot.shape[1] == 1500 and plot.shape[0] % 2 == 0 and reds > 500


def test_variants_change_the_picture_as_they_say(tmp_path):
    face = cut_around_face(PORTRAIT)
    mean = face.pixels.mean()
    assert VARIANTS["gamma 0.6"](face).mean() > mean + 10 > VARIANTS["gamma 1.6"](face).mean() + 20
    lit = VARIANTS["side light"](face).astype(float) / np.maximum(face.pixels, 1)
    assert np.median(lit[:, :20]) < 0.5 and np.median(lit[:, -20:]) > 1
    wide = VARIANTS["200 px"](face).shape[1] / face.pixels.shape[1]
    assert wide == pytest.approx(200 / face.face_width, rel=0.02)
    grey = VARIANTS["grey"](face)
    assert (grey[..., 0] == grey[..., 2]).all()
    written = dict(write_variants(PORTRAIT, tmp_path))
    assert set(written) == set(VARIANTS) and all(path.exists() for path in written.values())
    tilt = first_lips(written["roll 20"], FPS).source_lips
    left, right = tilt.lower_outer[[0, -1]]
    upright = first_lips(PORTRAIT, FPS).source_lips.lower_outer[[0, -1]]
    turn = np.arctan2(*(right - left)[::-1]) - np.arctan2(*(upright[1] - upright[0])[::-1])
    assert np.degrees(turn) == pytest.approx(-20, abs=4)


def test_the_loudest_part_is_the_one_with_the_voice():
    samples = np.zeros(16_000 * 6, np.float32)
    samples[48_000:64_000] = 0.5 * np.sin(np.arange(16_000) * 0.3)
    part = loudest_part(samples)
    assert len(part) < 2 * 16_000 and np.square(part).sum() > 0.95 * np.square(samples).sum()


def test_a_folder_gives_its_faces_and_its_sound(tmp_path):
    with pytest.raises(UsageError):
        open_folder(tmp_path / "none", None)
    with pytest.raises(UsageError):
        open_folder(tmp_path, None)
    shutil.copy(PORTRAIT, tmp_path / "b.PNG")
    make_video(tmp_path / "a.mp4", frames=2)
    sound = make_speech(tmp_path / "s.wav", 0.5)
    clips = open_folder(tmp_path, None)
    assert [path.name for path in clips.faces] == ["b.PNG", "a.mp4"] and clips.audio.name == "s.wav"
    sounds = make_sounds(sound, tmp_path, 1.0)
    kinds = [run.kind for run in make_runs(clips, sounds)]
    assert kinds == [SPEECH, SPEECH, SILENCE, STRENGTH_0]


def test_the_first_few_are_of_both_kinds():
    many = ClipFolder((PORTRAIT,) * 4, (PORTRAIT,) * 2, PORTRAIT)
    few = many.first_few()
    assert len(few.stills) == 2 and len(few.videos) == 1


def test_a_clip_that_cannot_be_run_is_told_and_the_others_go_on(tmp_path, capsys):
    clips = tmp_path / "clips"
    clips.mkdir()
    shutil.copy(PORTRAIT, clips / "face.png")
    (clips / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    sound, out = make_speech(tmp_path / "s.wav", 1.2), tmp_path / "new" / "report.json"
    arguments = ["--clips", str(clips), "--audio", str(sound), "--out", str(out), "--part", "faces"]
    assert main(["lips", "--quick", *arguments]) == 1
    kept = json.loads(out.read_text())
    errors = {run["face"]: run["error"] for run in kept["runs"]}
    assert "broken.png" in errors["broken.png"] and errors["face.png"] == ""
    assert str(tmp_path) not in out.read_text()
    assert kept["runs"][-1]["figures"]["opens"] > 0
    assert cv2.imread(str(out.with_name("report-mouths-1.png"))).shape[1] <= 1600
    assert "broken.png" in capsys.readouterr().out


def test_no_result_is_left_behind(tmp_path):
    run = LipsRun("none.png", SPEECH, tmp_path / "none.png", PORTRAIT, True)
    assert measured(run, ("--engine", "puppet"), tmp_path).record is None
    assert not list(tmp_path.glob("*.mp4"))


def test_a_face_that_is_not_there_is_an_error(tmp_path):
    path = tmp_path / "empty.png"
    cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
    with pytest.raises(NoFaceError):
        first_lips(path, FPS)


def test_pairs_of_different_sizes_are_no_pairs(pair):
    with pytest.raises(ValueError, match="parts"):
        replace(pair, result=pair.result[1:])


def test_what_follows_the_source_is_judged_on_videos():
    own = wave(period=11.0)
    found = missed(result(wave() + 2 * own, source_openings=own))
    assert "follows source" in found and judge(result(wave()), wave()).kind == VIDEO
