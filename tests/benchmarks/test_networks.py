"""The networks that users bring, with made weights: each is loaded, and makes its frames."""

import pytest

pytest.importorskip("torch")

from benchmarks.__main__ import main
from benchmarks.networks.command import Row, figures


@pytest.mark.slow
def test_every_network_is_timed(tmp_path, capsys):
    assert main(["networks", "--device", "cpu", "--quick"]) == 0
    table = capsys.readouterr().out
    assert [name in table for name in ("SadTalker 512", "First Order", "Diff2Lip")] == [True] * 3


def test_the_table_has_a_line_for_each():
    table = figures([Row("one", "cpu", True, 1.26, 0.5, 12.34, 300)])
    assert "| one " in table and "| yes " in table and "| 12.3 " in table
