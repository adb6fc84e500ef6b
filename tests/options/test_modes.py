"""Modes and profiles: what they set, what wins, and what `auto` chooses."""

import csv
from pathlib import Path

import pytest

from base.errors import EngineError, UsageError
from batch.flags import parse_batch_options
from batch.plan import plan_jobs
from command.flags import parse_options
from command.mode_table import mode_facts, mode_lines
from options.flag_values import parse_bit_rate, parse_sound_rate
from options.modes import MODES, PROFILES, with_mode
from options.options import Options
from pipeline.settings import settings_of
from tests.checkpoints import flat_weights, save_bare
from tests.model_files import layout, save_gfpgan, save_onnx, save_safetensors
from video.encoders import ENCODERS

NEEDED = ["--face", "f", "--audio", "a"]
PLAIN = parse_options(NEEDED)[0]


@pytest.fixture(autouse=True)
def no_models(tmp_path, monkeypatch):
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", tmp_path / "none" / "checkpoints")
    monkeypatch.chdir(tmp_path)


def options(*words):
    return parse_options([*NEEDED, *words])[0]


def differing(one):
    """The options that are not as without any flag, by name."""
    values, plain = vars(one), vars(PLAIN)
    return {name: value for name, value in values.items() if value != plain[name]}


def test_without_a_mode_nothing_changes(monkeypatch):
    assert differing(options()) == {} and PLAIN.mode is None
    monkeypatch.setenv("DEFAULT_QUALITY_MODE", "")
    assert differing(options()) == {}
    assert vars(PLAIN) == vars(Options(face=PLAIN.face, audio=PLAIN.audio))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_sets_the_encoding_alone(profile):
    changed = differing(options("--profile", profile))
    assert changed.pop("profile") == profile
    assert changed.items() <= PROFILES[profile].items() and changed
    assert options("--profile", profile, "--crf", "30").crf == 30


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_sets_its_options(mode):
    changed = differing(options("--mode", mode))
    assert changed["preset"] == mode and changed["profile"] == mode
    assert (changed["mode"].name, changed["mode"].chosen) == (mode, mode)
    assert changed["mode"].reason == "--mode names it"


def test_real_time_is_for_speed():
    fast = options("--mode", "real_time")
    assert fast.fp16 and fast.silence_gating and not fast.int8 and fast.blend_method == "ellipse"
    assert fast.max_bitrate == 2_000_000
    encoders = [ENCODERS[name].options(fast.preset, fast.crf) for name in ("libx264", "h264_nvenc")]
    assert [found["preset"] for found in encoders] == ["ultrafast", "p1"]


def test_high_quality_is_the_sharpest_blend_where_nothing_restores_faces():
    good = options("--mode", "high_quality")
    assert (good.blend_method, good.crf, good.max_bitrate) == ("lips", 18, 6_000_000)
    assert good.audio_bitrate == 320_000
    encoders = [ENCODERS[name].options(good.preset, good.crf) for name in ("libx264", "h264_nvenc")]
    assert [found["preset"] for found in encoders] == ["slow", "p7"]


BESIDE = [("--crf", "30", 30), ("--max_bitrate", "900k", 900_000), ("--preset", "fast", "fast")]


@pytest.mark.parametrize(("flag", "word", "value"), BESIDE)
@pytest.mark.parametrize("order", [1, -1])
def test_a_flag_beside_a_mode_wins(flag, word, value, order):
    words = [["--mode", "high_quality"], [flag, word]][::order]
    chosen = options(*words[0], *words[1])
    assert getattr(chosen, flag[2:]) == value
    assert flag[2:] not in dict(chosen.mode.options)


def test_a_flag_that_repeats_the_default_wins_too():
    assert options("--mode", "high_quality", "--blend_method", "ellipse").blend_method == "ellipse"
    assert options("--mode", "real_time", "--preset", PLAIN.preset).preset == PLAIN.preset


def test_a_profile_beside_a_mode_is_its_encoding():
    chosen = options("--mode", "real_time", "--profile", "studio")
    assert (chosen.preset, chosen.max_bitrate, chosen.fp16) == ("studio", 12_000_000, True)


def test_a_program_s_own_default_stands():
    chosen = parse_options([*NEEDED, "--mode", "real_time"], blend_method="hd")[0]
    assert (chosen.blend_method, chosen.preset) == ("hd", "real_time")


def test_the_environment_has_a_default(monkeypatch):
    monkeypatch.setenv("DEFAULT_QUALITY_MODE", "high_quality")
    assert options().mode.reason == "DEFAULT_QUALITY_MODE names it"
    assert options("--mode", "real_time").mode.name == "real_time"
    monkeypatch.setenv("DEFAULT_QUALITY_MODE", "fast\nest")
    with pytest.raises(UsageError, match="DEFAULT_QUALITY_MODE=fast") as caught:
        options()
    assert "high_quality" in str(caught.value) and caught.value.exit_code == 2
    assert options("--mode", "real_time").mode.name == "real_time"


def test_auto_is_the_puppet_in_real_time_where_nothing_is_found():
    chosen, notices = parse_options([*NEEDED, "--mode", "auto"])
    assert (chosen.mode.name, chosen.mode.chosen) == ("auto", "real_time")
    assert "puppet" in chosen.mode.reason
    assert [notice for notice in notices if "auto" in notice] == list(chosen.mode.notices)


def test_auto_is_real_time_with_weights_of_wav2lip(tmp_path, monkeypatch):
    path = save_bare(flat_weights(), tmp_path / "mine.bin")
    assert str(path) in options("--mode", "auto", "--checkpoint_path", str(path)).mode.reason
    monkeypatch.setenv("WAV2LIP_CKPT", str(path))
    mode = options("--mode", "auto").mode
    assert mode.chosen == "real_time" and str(path) in mode.reason
    assert "puppet" in options("--mode", "auto", "--engine", "puppet").mode.reason


@pytest.mark.parametrize("gpu", [False, True])
def test_auto_is_high_quality_with_a_gpu_and_weights_that_restore(tmp_path, monkeypatch, gpu):
    monkeypatch.setattr("options.modes.cuda_usable", lambda: gpu)
    monkeypatch.setattr("models.search.find_spec", lambda name: name)
    monkeypatch.setenv("GFPGAN_CKPT", str(save_gfpgan(tmp_path / "restores")))
    assert options("--mode", "auto").mode.chosen == ("high_quality" if gpu else "real_time")
    assert options("--mode", "auto", "--device", "cpu").mode.chosen == "real_time"


def test_high_quality_restores_faces_where_weights_are_found(tmp_path, monkeypatch):
    """Where there is an option for it, and what can be run."""
    values = {**vars(PLAIN), "enhance": None, "mode": "high_quality"}
    assert with_mode(values, ())["blend_method"] == "lips"
    face = {"x": ("n", 3, 512, 512)}
    path = save_onnx(tmp_path / "restores", face, {"y": ("n", 3, 512, 512)})
    monkeypatch.setenv("GFPGAN_CKPT", str(path))
    chosen = with_mode(values, ())
    assert (chosen["enhance"], chosen["blend_method"]) == (path, "ellipse")
    own = with_mode({**values, "enhance": Path("mine")}, {"enhance"})
    assert (own["enhance"], own["blend_method"]) == (Path("mine"), "ellipse")
    assert with_mode({**values, "mode": "real_time"}, ())["enhance"] is None


@pytest.mark.parametrize("here", [False, True])
def test_weights_without_the_package_that_runs_them_are_passed_over(tmp_path, monkeypatch, here):
    monkeypatch.setattr("models.search.find_spec", lambda name: "spandrel" if here else None)
    monkeypatch.setenv("GFPGAN_CKPT", str(save_gfpgan(tmp_path / "restores")))
    values = {**vars(PLAIN), "enhance": None, "mode": "high_quality"}
    assert (with_mode(values, ())["blend_method"] == "ellipse") is here


def test_a_variable_that_names_no_model_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("GFPGAN_CKPT", str(tmp_path / "nothing"))
    with pytest.raises(EngineError, match="GFPGAN_CKPT"):
        options("--mode", "auto")


def test_a_mode_is_shown_with_all_that_it_sets():
    assert mode_lines(options()) == [] and mode_facts(options()) is None
    chosen = options("--mode", "real_time", "--crf", "20")
    head, *lines = mode_lines(chosen)
    assert head == "mode    real_time (--mode names it)"
    assert "        --max_bitrate 2000000" in lines and not any("--crf" in line for line in lines)
    assert mode_facts(chosen)["options"]["preset"] == "real_time"


def test_limits_reach_the_encoder():
    output = settings_of(options("--max_bitrate", "1.5M", "--audio_bitrate", "96k")).output
    assert (output.max_bitrate, output.audio_bitrate) == (1_500_000, 96_000)


@pytest.mark.parametrize(
    ("text", "bits"), [("2M", 2_000_000), ("320k", 320_000), ("0.5m", 500_000), ("64000", 64_000)]
)
def test_bit_rates_are_written_as_people_do(text, bits):
    assert parse_bit_rate(text) == bits


@pytest.mark.parametrize("text", ["", "-2M", "2G", "k", "1e6", "0", "7999", "9999M", "2M2"])
def test_other_bit_rates_are_wrong_usage(text):
    with pytest.raises(UsageError):
        options(f"--max_bitrate={text}")


def test_a_sound_takes_less():
    assert parse_sound_rate("512k") == 512_000
    with pytest.raises(UsageError, match="512k"):
        options("--audio_bitrate", "1M")


def planned(tmp_path, rows, *words):
    table = tmp_path / "jobs.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return [
        job.options for job in plan_jobs(parse_batch_options(["--manifest", str(table), *words]))
    ]


def test_a_mode_can_be_a_column(tmp_path):
    rows = [
        ("face", "audio", "mode", "crf", "max_bitrate"),
        ("a.png", "a.wav", "real_time", "", ""),
        ("b.png", "b.wav", "high_quality", "25", ""),
        ("c.png", "c.wav", "", "", "1M"),
    ]
    first, second, third = planned(tmp_path, rows)
    assert (first.preset, first.crf, first.mode.name) == ("real_time", 20, "real_time")
    assert (second.preset, second.crf, second.blend_method) == ("high_quality", 25, "lips")
    assert (third.preset, third.max_bitrate, third.mode) == ("veryfast", 1_000_000, None)


def test_a_row_s_mode_leaves_the_command_line_s_flags(tmp_path):
    rows = [("face", "audio", "mode"), ("a.png", "a.wav", "real_time"), ("b.png", "b.wav", "")]
    first, second = planned(tmp_path, rows, "--mode", "high_quality", "--crf", "31")
    assert (first.preset, first.crf) == ("real_time", 31)
    assert (second.preset, second.crf) == ("high_quality", 31)


def test_a_row_s_mode_that_is_none_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="mode"):
        planned(tmp_path, [("face", "audio", "mode"), ("a.png", "a.wav", "best")])


PHOTO = Path(__file__).parents[2] / "demo" / "portrait.png"
VARIABLES = {"sadtalker": "SADTALKER_CKPT_DIR", "fomm": "FOMM_CKPT_DIR"}
VARIABLES |= {"diff2lip": "DIFF2LIP_CKPT_DIR"}


def of_photo(*words):
    return parse_options(["--face", str(PHOTO), "--audio", "a", *words])


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Files that pretend to be these networks, each named by its variable."""

    def put(*kinds):
        for kind in kinds:
            path = save_safetensors(tmp_path / f"{kind}.bin", layout(kind))
            monkeypatch.setenv(VARIABLES[kind], str(path))

    return put


def test_real_time_moves_a_photo_by_sadtalker(there):
    there("sadtalker", "fomm", "diff2lip")
    chosen, notices = of_photo("--mode", "real_time")
    assert (chosen.animate, chosen.engine) == ("sadtalker", "auto")
    assert any("sadtalker moves the photo" in notice for notice in notices)
    assert of_photo("--mode", "auto")[0].animate == "sadtalker"
    assert of_photo("--mode", "high_quality")[0].animate is None


@pytest.mark.parametrize("words", [("--animate", "none"), ("--animate", "idle")])
def test_a_named_motion_beside_real_time_wins(there, words):
    there("sadtalker")
    assert of_photo("--mode", "real_time", *words)[0].animate == of_photo(*words)[0].animate


def test_real_time_leaves_a_video_and_a_photo_without_speech(there, tmp_path):
    there("sadtalker")
    (tmp_path / "f").write_bytes(b"no picture at all")
    assert options("--mode", "real_time").animate is None
    assert (
        parse_options(["--face", str(PHOTO), "--idle", "3", "--mode", "real_time"])[0].animate
        is None
    )
    assert options("--mode", "real_time", "--static", "true").animate == "sadtalker"


@pytest.mark.parametrize("gpu", [False, True])
def test_high_quality_is_the_second_recipe_where_its_parts_are_there(there, monkeypatch, gpu):
    monkeypatch.setattr("options.modes.cuda_usable", lambda: gpu)
    there("fomm", "diff2lip")
    chosen, notices = of_photo("--mode", "high_quality", "--driving_video", "d.mp4")
    assert chosen.animate == "fomm" and chosen.engine == ("diff2lip" if gpu else "auto")
    assert chosen.mode.without.endswith("weights that restore faces")
    assert ("takes a GPU" in chosen.mode.without) is not gpu
    assert any("mode high_quality is without" in notice for notice in notices)
    assert chosen.mode.summary["reason"].endswith(chosen.mode.without)


def test_high_quality_keeps_the_weights_that_a_flag_names(there, monkeypatch, tmp_path):
    monkeypatch.setattr("options.modes.cuda_usable", lambda: True)
    there("diff2lip")
    path = save_bare(flat_weights(), tmp_path / "mine.bin")
    assert of_photo("--mode", "high_quality")[0].engine == "diff2lip"
    assert of_photo("--mode", "high_quality", "--checkpoint_path", str(path))[0].engine == "auto"


def test_without_such_networks_modes_are_as_they_were():
    for mode in MODES:
        chosen = of_photo("--mode", mode)[0]
        assert (chosen.animate, chosen.engine, chosen.mode.without) == (None, "auto", "")
        assert chosen.mode.notices == ()


def test_a_variable_that_names_another_network_is_an_error(there, monkeypatch, tmp_path):
    monkeypatch.setenv("SADTALKER_CKPT_DIR", str(save_safetensors(tmp_path / "x", layout("fomm"))))
    with pytest.raises(EngineError, match="SADTALKER_CKPT_DIR"):
        of_photo("--mode", "real_time")
