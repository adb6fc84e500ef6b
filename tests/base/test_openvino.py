from base.openvino import core


def test_there_is_one_core():
    assert core() is core()
