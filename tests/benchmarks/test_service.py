"""The service's benchmark: its flags, and a server that does not start."""

import pytest

from base.errors import UsageError
from benchmarks.runs.process import RunError
from benchmarks.service.command import main
from benchmarks.service.server import started


def test_unknown_flags_are_refused():
    with pytest.raises(UsageError):
        main(["--loops"])


def test_a_server_without_its_packages_is_told(tmp_path, monkeypatch):
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RunError, match="does not start"), started(tmp_path / "data"):
        pass


@pytest.mark.slow
def test_a_server_that_does_not_start_is_told(tmp_path):
    words = ("--port", "70000")
    with pytest.raises(RunError, match="does not start"), started(tmp_path / "data", *words):
        pass
