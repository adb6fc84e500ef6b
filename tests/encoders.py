"""Which video encoders work on this machine, and which of them our own code tries."""

from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from av.codec.codec import UnknownCodecError


def opens(codec: str, width: int, height: int) -> bool:
    """Whether FFmpeg was built with the encoder, and it starts: NVENC needs a GPU that has it."""
    try:
        context = av.CodecContext.create(codec, "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, 25)
        context.open()
    except (UnknownCodecError, OSError, ValueError, av.FFmpegError):
        return False
    return True


def record_contexts(monkeypatch: pytest.MonkeyPatch) -> list[av.VideoCodecContext]:
    """A list that every context which is created to try an encoder is added to from now on."""
    contexts, create = [], av.CodecContext.create

    def recorded(codec: str, mode: str) -> av.VideoCodecContext:
        contexts.append(create(codec, mode))
        return contexts[-1]

    monkeypatch.setattr("av.CodecContext", SimpleNamespace(create=recorded))
    return contexts
