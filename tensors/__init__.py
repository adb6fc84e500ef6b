"""Tensors in files of torch, TorchScript and safetensors; nothing that a file holds is run."""
