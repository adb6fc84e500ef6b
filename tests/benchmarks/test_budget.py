"""The host's commands within their limit of seconds."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.budget import command
from benchmarks.budget.command import Row, figures
from benchmarks.runs.production import LOOKS

TINY = ["--only", "still", "--seconds", "0.2", "--engine", "puppet", "--quick"]


def test_three_runs_and_their_median():
    row = Row("720p", 10.0, "hd", (9.0, 30.0, 8.0), 15.0)
    assert row.seconds == 9.0 and row.passed
    assert not Row("720p", 10.0, "hd", (9.0, 30.0, 16.0), 15.0).passed
    with pytest.raises(ValueError, match="never run"):
        Row("720p", 10.0, "hd", (), 15.0)


def test_the_table_says_what_is_too_slow():
    rows = [Row("720p", 10.0, "hd", (s,), 15.0) for s in (14.0, 16.0)]
    lines = figures(rows).splitlines()
    assert "in time" in lines[2] and "too slow" in lines[3]


@pytest.mark.slow
def test_in_time_is_success(tmp_path, capsys):
    out = tmp_path / "b.json"
    assert main(["budget", *TINY, "--limit", "900", "--out", str(out)]) == 0
    kept = json.loads(out.read_text())
    assert kept["passed"] and kept["settings"]["limit"] == 900
    assert {"machine", "commit"} <= set(kept)
    assert [row["look"] for row in kept["rows"]] == list(LOOKS)
    fields = {"clip", "clip_seconds", "look", "runs", "limit", "seconds", "passed"}
    assert all(set(row) == fields and row["seconds"] > 0 for row in kept["rows"])
    assert capsys.readouterr().out.count("in time") == len(LOOKS)


@pytest.mark.slow
def test_too_slow_is_failure(capsys, monkeypatch):
    monkeypatch.setattr(command, "LOOKS", dict([*LOOKS.items()][:1]))
    assert main(["budget", *TINY, "--limit", "0", "--empty_caches"]) == 1
    assert capsys.readouterr().out.count("too slow") == 1
