"""The networks that users bring, with made weights: each is loaded, and makes its frames."""

import json

import pytest

pytest.importorskip("torch")

from benchmarks.__main__ import main
from benchmarks.networks.command import Row, figures

PARTS = {"detector", "encoder", "motion", "painter"}


@pytest.mark.slow
def test_every_network_is_timed(tmp_path, capsys):
    assert main(["networks", "--device", "cpu", "--quick"]) == 0
    table = capsys.readouterr().out
    assert [name in table for name in ("SadTalker 512", "First Order", "Diff2Lip")] == [True] * 3


@pytest.mark.slow
def test_every_part_is_measured_and_openvino_gives_what_torch_gives(tmp_path, capsys):
    out = tmp_path / "parts.json"
    assert main(["networks", "--parts", "--quick", "--out", str(out)]) == 0
    costs = json.loads(out.read_text())["fomm"]
    assert {cost["part"] for cost in costs} == PARTS and len(costs) == 3 * len(PARTS)
    for cost in costs:
        assert cost["frame"] > 0
        assert cost["error"] < (0.5 if "bf16" in cost["way"] else 1e-4)
    assert "painter" in capsys.readouterr().out


def test_the_table_has_a_line_for_each():
    table = figures([Row("one", "cpu", True, 1.26, 0.5, 12.34, 300)])
    assert "| one " in table and "| yes " in table and "| 12.3 " in table
