"""The benchmark of restored faces: what shimmers is seen, and damping is measured."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.enhance.architectures import ARCHITECTURES, cost_of
from benchmarks.enhance.command import Row, limits_of, main
from benchmarks.enhance.made_networks import made_network
from benchmarks.enhance.shimmer import Shimmer, shimmer_of
from benchmarks.truth.clip import TalkingClip, TalkingFrame
from tests.blending.seen_faces import PORTRAIT, portrait

pytestmark = pytest.mark.slow

PICTURE = cv2.imread(str(PORTRAIT))


@pytest.fixture(scope="module")
def clip():
    """The portrait with grain that is another in every frame."""
    grain = np.random.default_rng(2)
    frames = []
    for _ in range(10):
        noisy = np.clip(PICTURE + grain.normal(0, 1.5, PICTURE.shape), 0, 255).astype(np.uint8)
        frames.append(TalkingFrame(noisy, portrait(), portrait().lips))
    return TalkingClip("portrait", tuple(frames))


@pytest.mark.parametrize("name", ["sharpening", "pores"])
def test_a_network_that_shimmers_is_seen_and_damped(clip, name):
    shimmer = shimmer_of(clip, made_network(name))
    assert shimmer.still > 0.9 and shimmer.detail > 1.02
    assert shimmer.unsteadied > 1.2 * shimmer.source
    assert all(limit.passed for limit in limits_of(Row("clip", name, shimmer)))


def test_the_identity_shimmers_as_its_source(clip):
    shimmer = shimmer_of(clip, made_network("identity"))
    assert shimmer.source == shimmer.steadied == shimmer.unsteadied > 0.3


def test_a_shimmer_that_is_left_misses_the_limit():
    for name in ("identity", "pores"):
        row = Row("clip", name, Shimmer(1.0, 2.0, 2.0, 1.5, 1.0))
        assert not all(limit.passed for limit in limits_of(row))


def test_without_clips_and_architectures_there_is_nothing_to_miss(tmp_path):
    assert main(["--out", str(tmp_path / "figures.json")]) == 0
    assert (tmp_path / "figures.json").exists()


def test_the_cost_of_an_architecture_is_that_of_a_frame(monkeypatch):
    small = replace(ARCHITECTURES["compact"], measured=(32, 32))
    monkeypatch.setitem(ARCHITECTURES, "compact", small)
    cost = cost_of("compact", half=False)
    assert (cost.precision, cost.pictures) == ("fp32", 9) and cost.frame > 0
    assert cost.error < 1e-3
