"""Jobs from every source, and plans that are refused."""

from pathlib import Path

import pytest

from base.errors import LipSyncError, OutputError, UsageError
from batch.flags import parse_batch_options, parser
from batch.plan import fill_template, plan_jobs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of no content: a plan looks at names alone."""
    monkeypatch.chdir(tmp_path)
    for name in ("ann.png", "bob.mp4", "ann.wav", "bob.mp3", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    return tmp_path


def plan(*words):
    return plan_jobs(parse_batch_options([*map(str, words)]))


def pairs(jobs):
    return [(job.options.face.name, job.options.audio.name) for job in jobs]


def outputs(jobs):
    return [str(job.options.outfile) for job in jobs]


def test_pairs_have_one_name(folder):
    jobs = plan("--pairs", folder)
    assert pairs(jobs) == [("ann.png", "ann.wav"), ("bob.mp4", "bob.mp3")]
    assert outputs(jobs) == ["results/batch/ann_ann.mp4", "results/batch/bob_bob.mp4"]


@pytest.mark.parametrize(
    ("extra", "word"), [("cat.png", "no sound"), ("cat.wav", "no face"), ("ann.jpg", "same name")]
)
def test_a_pair_that_is_none_is_named(folder, extra, word):
    (folder / extra).touch()
    with pytest.raises(UsageError, match=word):
        plan("--pairs", folder)


def test_every_combination_in_order(folder):
    jobs = plan("--faces", "*.png", "*.mp4", "--audios", "*.mp3", "*.wav")
    faces, sounds = ("ann.png", "bob.mp4"), ("ann.wav", "bob.mp3")
    assert pairs(jobs) == [(face, sound) for face in faces for sound in sounds]
    assert outputs(jobs)[1] == "results/batch/ann_bob.mp4"


def test_one_face_and_many_sounds(folder):
    jobs = plan("--face", "ann.png", "--audios", "*.wav", "*.mp3")
    assert pairs(jobs) == [("ann.png", "ann.wav"), ("ann.png", "bob.mp3")]


def test_a_name_with_brackets_is_a_name(folder):
    (folder / "[x].wav").touch()
    assert pairs(plan("--face", "ann.png", "--audios", "[x].wav")) == [("ann.png", "[x].wav")]


def test_faces_without_speech_need_no_sound(folder):
    jobs = plan("--faces", "*.png", "--idle", "5")
    assert [(job.options.face.name, job.options.audio) for job in jobs] == [("ann.png", None)]
    assert outputs(jobs) == ["results/batch/ann_idle.mp4"]
    (folder / "jobs.csv").write_text("face,audio,idle\nann.png,ann.wav,\nann.png,,3\n")
    speaks, listens = plan("--manifest", "jobs.csv")
    assert (speaks.options.idle, listens.options.idle) == (0, 3)
    assert listens.options.audio is None and speaks.key != listens.key


def test_zipped_in_sorted_order(folder):
    jobs = plan("--faces", "bob.mp4", "ann.png", "--audios", "bob.mp3", "ann.wav", "--zip")
    assert pairs(jobs) == [("ann.png", "ann.wav"), ("bob.mp4", "bob.mp3")]


def test_zip_needs_equal_counts(folder):
    with pytest.raises(UsageError, match="2 and 1"):
        plan("--faces", "ann.png", "bob.mp4", "--audios", "ann.wav", "--zip")


def test_a_row_overrides_the_command_line_and_leaves_the_rest(folder):
    (folder / "jobs.csv").write_text(
        "audio,crf,fp16,outfile\nann.wav,30,false,own.mkv\nbob.mp3,,,\n"
    )
    first, second = plan("--manifest", "jobs.csv", "--face", "ann.png", "--crf", "20", "--fp16")
    assert (first.options.crf, first.options.fp16) == (30, False)
    assert (second.options.crf, second.options.fp16) == (20, True)
    assert str(first.options.outfile) == "results/batch/own.mkv" and first.name == "own.mkv"
    assert second.options.face == Path("ann.png") and second.options.audio == Path("bob.mp3")


def test_a_network_that_enlarges_is_a_file_beside_the_table_and_a_name_is_a_name(folder):
    (folder / "tables").mkdir()
    (folder / "tables" / "jobs.csv").write_text(
        "face,audio,outfile,upscale,upscaler,enhance\n"
        "../ann.png,../ann.wav,a.mp4,2,big.onnx,face.pth\n../ann.png,../ann.wav,b.mp4,2,nearest,\n"
    )
    first, second = (job.options for job in plan("--manifest", "tables/jobs.csv"))
    assert (first.upscaler, first.enhance) == (Path("tables/big.onnx"), Path("tables/face.pth"))
    assert (second.upscaler, second.enhance) == ("nearest", None)
    words = "--face", "ann.png", "--audio", "ann.wav", "--upscale", "2", "--upscaler"
    keys = {plan(*words, name)[0].key for name in ("nearest", "bilinear", "big.onnx")}
    assert len(keys) == 3


BAD_ROWS = {
    "no sound": ("face\nann.png\n", "audio missing"),
    "out of range": ("face,audio,crf\nann.png,ann.wav,99\n", "0 to 51"),
    "contradiction": ("face,audio,box\nann.png,ann.wav,9 9 9 9\n", "--box"),
    "output is the face": (
        "face,audio,outfile\nann.png,ann.wav,../ann.png\n",
        "--outfile and --face are the same file",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named(folder, name):
    text, words = BAD_ROWS[name]
    (folder / "jobs.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        plan("--manifest", "jobs.csv", "--out_dir", "out")
    assert "jobs.csv line 2: " in str(caught.value) and words in str(caught.value)


def test_an_old_box_is_read_as_it_used_to_work_and_said(folder):
    (job,) = plan("--face", "ann.png", "--audio", "ann.wav", "--box", "90", "20", "80", "10")
    assert job.options.box == (10, 80, 20, 90) and "right left" in job.notices[0]


def test_outputs_that_meet_are_refused(folder):
    with pytest.raises(UsageError, match=r"--out_template") as caught:
        plan("--face", "ann.png", "--audios", "*.wav", "*.mp3", "--out_template", "{face}.mp4")
    assert "ann.png with bob.mp3" in str(caught.value)


@pytest.mark.parametrize(
    ("flag", "ending"), [("report", "json"), ("quality", "html"), ("subtitles", "srt")]
)
def test_reports_that_meet_are_refused_and_a_template_keeps_them_apart(folder, flag, ending):
    heard = ["--transcribe"] if flag == "subtitles" else []
    words = ("--face", "ann.png", "--audios", "*.wav", "*.mp3", *heard, f"--{flag}")
    with pytest.raises(UsageError, match=f"--{flag}"):
        plan(*words, f"r.{ending}")
    written = [str(getattr(job.options, flag)) for job in plan(*words, f"r/{{audio}}.{ending}")]
    assert written == [f"r/ann.{ending}", f"r/bob.{ending}"]


def test_a_verdict_without_pages_meets_nobody(folder):
    assert len(plan("--face", "ann.png", "--audios", "*.wav", "*.mp3", "--quality")) == 2


def test_a_changed_driving_sound_is_another_job(folder):
    words = ("--face", "ann.png", "--audio", "ann.wav", "--drive_audio", "voice.wav")
    keys = []
    for content in (b"one", b"others"):
        Path("voice.wav").write_bytes(content)
        keys += [job.key for job in plan(*words)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("link", [False, True])
def test_an_output_that_another_job_reads_is_refused(folder, link):
    if link:
        (folder / "link.mp4").symlink_to(folder / "bob.mp4")
    name = "link.mp4" if link else "bob.mp4"
    (folder / "jobs.csv").write_text(
        f"face,audio,outfile\nann.png,ann.wav,{name}\nbob.mp4,bob.mp3,x.mp4\n"
    )
    with pytest.raises(UsageError, match=rf"line 2: would write {name}, which the batch reads"):
        plan("--manifest", "jobs.csv", "--out_dir", ".")


@pytest.mark.parametrize("name", ["journal.jsonl", "summary.json"])
def test_the_batch_s_own_files_are_its_own(folder, name):
    with pytest.raises(UsageError, match="the batch itself"):
        plan("--pairs", folder, "--out_dir", "out", "--report", f"out/{name}")


def test_a_flag_without_effect_is_a_notice(folder):
    (job,) = plan("--face", "ann.png", "--audio", "ann.wav", "--smooth_window", "9")
    assert job.notices == ("--smooth_window changes nothing without --temporal_smooth",)


def test_words_that_are_put_into_a_template_are_no_placeholders(folder):
    words = {"face": "{audio}{0}%s{face.__class__}", "audio": "b", "index": "0001"}
    name = fill_template("{face}-{audio}-{index}.mp4", words)
    assert name == "{audio}{0}%s{face.__class__}-b-0001.mp4"
    assert fill_template("{face.__class__}{face!r}{}%d", words) == "{face.__class__}{face!r}{}%d"


def test_an_unknown_placeholder_is_named(folder):
    with pytest.raises(UsageError, match=r"\{voice\} is unknown"):
        plan("--pairs", folder, "--out_template", "{voice}.mp4")


def test_the_index_counts_from_one(folder):
    jobs = plan("--pairs", folder, "--out_template", "{index}.mkv")
    assert outputs(jobs) == ["results/batch/0001.mkv", "results/batch/0002.mkv"]


def test_an_output_of_no_known_ending_is_known_before_the_work(folder):
    with pytest.raises(OutputError, match=r"ann\.png with ann\.wav: .*unknown ending"):
        plan("--pairs", folder, "--out_template", "{face}.txt")


WRONG = [
    [],
    ["--face", "ann.png"],
    ["--audios", "*.wav"],
    ["--pairs", ".", "--manifest", "jobs.csv"],
    ["--pairs", ".", "--faces", "*.png"],
    ["--pairs", ".", "--zip"],
    ["--faces", "*.gif", "--audios", "*.wav"],
    ["--face", "ann.png", "--faces", "*.png", "--audios", "*.wav"],
    ["--pairs", ".", "--outfile", "x.mp4"],
    ["--pairs", ".", "--demo"],
    ["--pairs", ".", "--check"],
    ["--pairs", ".", "--workers", "0"],
    ["--pairs", ".", "--workers", "many"],
    ["--pairs", ".", "--retry", "-1"],
    ["--pairs", ".", "--timeout", "0"],
    ["--pairs", ".", "--timeout", "nan"],
    ["--pairs", ".", "--crew", "pirates"],
    ["--pairs", ".", "--crf", "99"],
    ["--pairs", "nowhere"],
]


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_is_one_line(folder, words):
    with pytest.raises(LipSyncError) as caught:
        plan(*words)
    assert "\n" not in str(caught.value) and caught.value.exit_code in (2, 3)


def test_every_flag_is_in_the_document():
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "flags.md").read_text() + (docs / "batch.md").read_text()
    flags = [word for action in parser()._actions for word in action.option_strings]
    assert [flag for flag in flags if len(flag) > 2 and flag not in text] == ["--help"]


def spoken(jobs):
    """What each job hears: a sound's name, a text's, or the text itself."""
    options = [job.options for job in jobs]
    files = [o.audio or o.text_file for o in options]
    return [o.text if file is None else file.name for o, file in zip(options, files, strict=True)]


def test_a_text_beside_a_face_is_spoken_unless_there_is_a_sound(folder):
    for name in ("cid.png", "cid.txt", "ann.txt"):
        (folder / name).touch()
    jobs = plan("--pairs", folder)
    assert spoken(jobs) == ["ann.wav", "bob.mp3", "cid.txt"]
    assert outputs(jobs)[2].endswith("cid_cid.mp4")


def test_texts_are_among_the_sounds(folder):
    assert spoken(plan("--face", "ann.png", "--audios", "*.wav", "n*.txt")) == [
        "ann.wav",
        "notes.txt",
    ]


def test_one_text_is_spoken_by_every_face(folder):
    jobs = plan("--faces", "*.png", "*.mp4", "--text", "Hello.")
    assert spoken(jobs) == ["Hello."] * 2
    assert outputs(jobs)[0].endswith("ann_text.mp4")


def test_a_table_has_texts_and_voices(folder):
    rows = "face,text,text_file,audio,voice,outfile\nann.png,Hi; rm -rf,,,espeak,1.mp4\n"
    (folder / "jobs.csv").write_text(
        rows + "ann.png,,notes.txt,,,2.mp4\nann.png,,,ann.wav,,3.mp4\n"
    )
    jobs = plan("--manifest", "jobs.csv", "--text", "for those that have none")
    assert spoken(jobs) == ["Hi; rm -rf", "notes.txt", "ann.wav"]
    assert [job.options.voice for job in jobs] == ["espeak", "pico", "pico"]
    assert len({job.key for job in jobs}) == 3


def test_a_table_starts_no_program_but_a_flag_may(folder):
    (folder / "jobs.csv").write_text("face,text,voice\nann.png,Hi,command:rm x\n")
    with pytest.raises(UsageError, match="line 2: voice: a table starts no program"):
        plan("--manifest", "jobs.csv")
    (folder / "jobs.csv").write_text("face,text\nann.png,Hi\n")
    (job,) = plan("--manifest", "jobs.csv", "--voice", "command:true")
    assert job.options.voice == "command:true"


def test_jobs_have_no_standard_input(folder):
    with pytest.raises(UsageError, match="--text_file -"):
        plan("--face", "ann.png", "--text_file", "-")
