"""Tensors in files that torch saved."""

import pytest

torch = pytest.importorskip("torch")

from tensors.torch_files import read_zip  # noqa: E402


def names_in(content, path):
    torch.save(content, path)
    return set(read_zip(path))


def test_several_networks_in_a_file(tmp_path):
    one, two = {"weight": torch.zeros(2)}, {"weight": torch.ones(3), "step": 1}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(2)}}}
    content = {"first": one, "second": two, "optimizer": optimizer, "epoch": 4}
    assert names_in(content, tmp_path / "a.pth") == {"first.weight", "second.weight"}


def test_what_lies_beside_a_network_is_not_of_it(tmp_path):
    content = {"weight": torch.zeros(2), "buffers": {"other": torch.zeros(2)}}
    assert names_in(content, tmp_path / "a.pth") == {"weight"}
    assert names_in({"state_dict": content, "more": content}, tmp_path / "b.pth") == {"weight"}
