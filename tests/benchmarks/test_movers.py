"""The benchmark of what moves a photo: every part by every way, with the same numbers."""

import json

import pytest

pytest.importorskip("torch")

from benchmarks.__main__ import main

PARTS = {"detector", "encoder", "motion", "painter"}


@pytest.mark.slow
def test_every_part_is_measured_and_openvino_gives_what_torch_gives(tmp_path, capsys):
    out = tmp_path / "movers.json"
    assert main(["movers", "--quick", "--out", str(out)]) == 0
    costs = json.loads(out.read_text())["fomm"]
    assert {cost["part"] for cost in costs} == PARTS and len(costs) == 3 * len(PARTS)
    for cost in costs:
        assert cost["frame"] > 0
        assert cost["error"] < (0.5 if "bf16" in cost["way"] else 1e-4)
    assert "painter" in capsys.readouterr().out
