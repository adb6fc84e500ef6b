"""OpenVINO, silent, and with one Core for the whole process.

Silent: importing it would start its telemetry, which sends the event over the network and writes
into the home folder. Without that package OpenVINO falls back to a stub, so it is hidden here;
everybody imports OpenVINO from this module. Its converter, which few runs need, takes a third of
the import: it waits until `ov.convert_model` is called.

One Core: each Core's CPU plugin sets the thread's stack for signal handlers to memory of its own,
and frees it with itself. With several Cores that end in any order a later signal, Ctrl-C say,
meets freed memory and the process dies. That stack is also too small where a frame of a handler is
large, so the thread gets its own one back once the plugin is loaded.
"""

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from base.signal_stack import signal_stack_kept

TELEMETRY, CONVERTER = "openvino_telemetry", "openvino.tools.ovc"
sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # importing it fails
sys.modules[CONVERTER] = None  # type: ignore[assignment]

import openvino as ov  # type: ignore[import-untyped] # noqa: E402
from openvino import opset15 as ops  # noqa: E402

del sys.modules[CONVERTER]

__all__ = ["core", "ops", "ov", "read_onnx"]

Conversion = Callable[[Any], list[ov.Output]]  # of a node of an ONNX graph


@lru_cache(maxsize=1)
def core() -> ov.Core:
    """The same one for every caller, its CPU plugin loaded."""
    with signal_stack_kept():
        only = ov.Core()
        only.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return only


def _convert_model(*arguments: Any, **named: Any) -> ov.Model:  # noqa: ANN401
    """OpenVINO's own function, imported when it is called."""
    from openvino.tools.ovc import convert_model  # type: ignore[import-untyped]

    return convert_model(*arguments, **named)


ov.convert_model = _convert_model


def read_onnx(path: Path, conversions: Mapping[str, Conversion]) -> ov.Model:
    """Read an ONNX file, some of its operations built by functions of ours.

    RuntimeError where OpenVINO cannot read it.
    """
    from openvino import frontend as frontends  # type: ignore[import-untyped]
    from openvino.frontend.onnx import ConversionExtension  # type: ignore[import-untyped]

    failures = (
        *(frontends.GeneralFailure, frontends.InitializationFailure),
        *(frontends.NotImplementedFailure, frontends.OpConversionFailure),
        frontends.OpValidationFailure,
    )
    frontend = frontends.FrontEndManager().load_by_framework("onnx")
    for operation, conversion in conversions.items():
        frontend.add_extension(ConversionExtension(operation, conversion))
    try:
        return frontend.convert(frontend.load(str(path)))
    except failures as error:  # no RuntimeErrors, unlike those of read_model
        raise RuntimeError(str(error)) from error
