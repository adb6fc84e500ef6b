"""What programs are told."""

import io
import os

from command.display import JsonLines, write_event


def test_a_pipe_that_does_not_wait_is_made_to(monkeypatch):
    """Else a slow reader misses events, and the program thinks that nobody reads."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with open(reads), open(writes, "w") as program:  # noqa: PTH123  a number
        monkeypatch.setattr("sys.stdout", program)
        JsonLines()
        assert os.get_blocking(writes)


def test_facts_may_have_any_name():
    out = io.StringIO()
    write_event(out, "started", name="ann.mp4", program=1)
    assert out.getvalue() == '{"event": "started", "name": "ann.mp4", "program": 1}\n'
