"""Image networks from files of any kind."""

from stages.networks import WAY_OUT, ImageNetwork, ImageNetworkFile
from tensors.files import CheckpointFormat, detect_format


def load_network(file: ImageNetworkFile) -> ImageNetwork:
    """The file's network, told by its content; EngineError if it is none, before any work."""
    if detect_format(file.path, WAY_OUT) is CheckpointFormat.ONNX:
        from stages.onnx_networks import load_onnx

        return load_onnx(file)
    from stages.torch_networks import load_torch

    return load_torch(file)
