"""The order in which the OpenVINO engine uses its requests, with a stand-in for the network."""

from types import SimpleNamespace

import numpy as np
import pytest

from base.errors import EngineError
from base.generator import WHOLE_PATCH, Batch
from wav2lip.generators.in_flight import generate
from wav2lip.generators.openvino_requests import OpenvinoEngine

SIZE, STREAMS = 4, 2


class Request:
    """Returns the faces as patches; finite, unless a face is black."""

    running = False

    def start_async(self, inputs):
        assert not self.running
        self.running, self.inputs = True, inputs

    def wait(self):
        self.running = False

    def get_output_tensor(self, index):
        assert not self.running
        faces = self.inputs["faces"]
        return SimpleNamespace(data=(faces, np.array(faces.any()))[index])


class Network:
    """A compiled network that takes SIZE frames at once."""

    def __init__(self):
        self.requests = []

    def input(self, name):
        return SimpleNamespace(shape=[SIZE, 80, 16])

    def get_property(self, name):
        return str(STREAMS)

    def create_infer_request(self):
        self.requests.append(Request())
        return self.requests[-1]

    @property
    def running(self):
        return sum(request.running for request in self.requests)


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def engine(network):
    return OpenvinoEngine(network, WHOLE_PATCH, "the weights overflow")


def batches_of(*sizes):
    """Batches of these sizes; every frame's face differs from all others."""
    for size, end in zip(sizes, np.cumsum(sizes), strict=True):
        levels = np.arange(end - size, end, dtype=np.uint8).reshape(-1, 1, 1, 1) + 1
        mels = np.zeros((size, 80, 16), np.float32)
        faces = np.zeros((size, 96, 96, 3), np.uint8) + levels
        yield Batch(mels + levels[..., 0], faces, np.zeros((size, 5, 2), np.float32))


def test_patches_come_in_order_and_every_request_takes_the_compiled_size(engine, network):
    sizes = (1, 9, 4, 3)
    patches = list(generate(engine, batches_of(*sizes)))
    assert [len(array) for array in patches] == [*sizes]
    assert np.concatenate(patches)[:, 0, 0, 0].tolist() == [*range(1, 18)]
    assert {len(request.inputs["mels"]) for request in network.requests} == {SIZE}


def test_the_last_piece_repeats_its_last_frame(engine, network):
    list(generate(engine, batches_of(6)))
    inputs = network.requests[1].inputs
    assert inputs["faces"][:, 0, 0, 0].tolist() == [5, 6, 6, 6]
    assert inputs["mels"][:, 0, 0].tolist() == [5, 6, 6, 6]


def test_every_stream_is_busy_and_one_request_is_queued_while_a_batch_is_fetched(engine, network):
    running = []

    def source():
        for batch in batches_of(*[4] * 8):
            running.append(network.running)
            yield batch

    list(generate(engine, source()))
    assert running == [0, 1, 2, 3, 3, 3, 3, 3]
    assert len(network.requests) == STREAMS + 2


def test_nothing_is_left_running_when_the_stream_is_closed(engine, network):
    patches = generate(engine, batches_of(*[4] * 8))
    next(patches)
    assert network.running == STREAMS + 1
    patches.close()
    assert network.running == 0


def test_the_next_stream_uses_the_same_requests(engine, network):
    for _ in range(3):
        list(generate(engine, batches_of(4, 4)))
    assert len(network.requests) == 2
    engine.release()
    list(generate(engine, batches_of(4, 4)))
    assert len(network.requests) == 4


def test_an_output_that_is_no_number_is_an_error(engine, network):
    black = Batch(
        np.zeros((1, 80, 16), np.float32),
        np.zeros((1, 96, 96, 3), np.uint8),
        np.zeros((1, 5, 2), np.float32),
    )
    patches = generate(engine, [*batches_of(1), black, *batches_of(1)])
    assert (next(patches) == 1).all()
    with pytest.raises(EngineError, match="the weights overflow"):
        next(patches)
    assert network.running == 0
