"""The facts beside the figures."""

import platform
import socket
import subprocess

from base.cores import usable_cores
from benchmarks.machine import commit, machine


def test_the_machine_is_described_without_its_name():
    facts = machine()
    assert facts["cpu"] and facts["cores"] == usable_cores() >= 1
    assert facts["python"] == platform.python_version() and facts["numpy"]
    assert socket.gethostname() not in str(facts).split()


def test_outside_of_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path) == {"name": None, "dirty": None}


def test_changed_files_make_a_commit_dirty(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    clean = commit(tmp_path)
    (tmp_path / "file").touch()
    assert len(clean["name"]) == 40 and clean["dirty"] is False
    assert commit(tmp_path) == {"name": clean["name"], "dirty": True}
