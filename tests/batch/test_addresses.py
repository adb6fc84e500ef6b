"""A batch whose inputs and outputs are addresses."""

from pathlib import Path

import pytest


def test_inputs_and_outputs_may_be_addresses(batch, inputs, tmp_path):
    there = f"file://{tmp_path}/there"
    manifest = tmp_path / "jobs.csv"
    rows = (f"file://{inputs}/ann.png,one,a.mp4", f"file://{inputs}/bob.png,one,{there}/b.mp4")
    lines = [row.replace(",one,", f",file://{inputs}/one.wav,") for row in rows]
    manifest.write_text("\n".join(["face,audio,outfile", *lines]))
    for status in ("done", "kept"):
        ended = batch("--manifest", manifest, "--workers", 1)
        assert ended.code == 0, ended.errors
        assert ended.column("status") == {"a.mp4": status, f"{there}/b.mp4": status}
    assert ended.column("face")["a.mp4"] == f"file://{inputs}/ann.png"
    local = batch("--faces", "*.png", "--audios", "one.wav", "--out_template", "{face}.mp4")
    assert local.code == 0
    for name, path in (("b", tmp_path / "there" / "b.mp4"), ("a", local.out / "a.mp4")):
        expected = local.out / {"a": "ann.mp4", "b": "bob.mp4"}[name]
        assert path.read_bytes() == expected.read_bytes()
    assert ended.hidden == []
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["b.mp4"]


def test_the_folder_of_the_videos_may_be_an_address(batch, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    face, sound = inputs / "ann.png", inputs / "one.wav"
    there = f"file://{tmp_path}/there"
    ended = batch("--face", face, "--audio", sound, "--out_dir", there)
    assert ended.code == 0, ended.errors
    assert ended.errors[-1].endswith(f"in {there}")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["ann_one.mp4"]
    assert len(list((tmp_path / "results" / "batch").glob("file-*/summary.json"))) == 1


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_pages_and_reports_of_a_table_go_where_the_videos_go(batch, inputs, tmp_path, monkeypatch):
    """Where that is an address, nothing is written into a local folder of its name."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    manifest = tmp_path / "jobs.csv"
    manifest.write_text(
        "face,audio,outfile,quality,report\n"
        f"{inputs}/ann.png,{inputs}/three.wav,a.mp4,pages/a.html,reports/a.json\n"
        f"{inputs}/bob.png,{inputs}/three.wav,b.mp4,-,\n"
    )
    ended = batch("--manifest", manifest, "--out_dir", f"file://{tmp_path}/there")
    assert ended.code == 0, ended.errors
    written = files_in(tmp_path / "there")
    assert written == ["a.mp4", "b.mp4", "pages/a.html", "reports/a.json"]
    assert ": a.mp4</title>" in (tmp_path / "there" / "pages" / "a.html").read_text()
    assert [path.name for path in Path().iterdir()] == ["results"]


@pytest.mark.slow
def test_the_pages_of_all_jobs_may_be_addresses(batch, inputs, tmp_path):
    pages = f"file://{tmp_path}/pages/{{face}}.html"
    ended = batch("--faces", "*.png", "--audio", "three.wav", "--quality", pages)
    assert ended.code == 0, ended.errors
    assert files_in(tmp_path / "pages") == ["ann.html", "bob.html"]
    assert not (inputs / "file:").exists()
