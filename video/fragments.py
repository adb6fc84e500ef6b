"""A video that plays while it is made: short fragments of MP4, written as their frames come."""

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from fractions import Fraction
from io import FileIO
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from base.errors import OutputError
from video.clip import open_media
from video.output_paths import check_output_path, output_errors
from video.sound import CONTAINERS, add_sound
from video.writer import SoundMuxer, Target, encode_frame, last_packets
from video.yuv import ColorTags, Frame, copy_av_frame

STANDARD_OUTPUT = Path("-")
FRAGMENT = Fraction(1, 5)  # seconds
KEYFRAMES = 2  # seconds from one to the next
# no frame waits for a later one: there are no B-frames, and nothing looks ahead
ENCODER_OPTIONS = {"preset": "superfast", "tune": "zerolatency", "crf": "23"}
MUXER_OPTIONS = {
    "movflags": "delay_moov+default_base_moof",
    "frag_duration": str(int(FRAGMENT * 1_000_000)),
    "flush_packets": "1",
}


class ReaderGone(OutputError):
    """Nobody reads the fragments any more."""


def check_fragments(path: Path) -> None:
    """OutputError where fragments cannot be written."""
    if path != STANDARD_OUTPUT:
        check_output_path(path, "--stream")
        return
    try:
        os.fstat(1)
    except OSError as error:
        raise OutputError("--stream -: standard output is closed; give a file") from error


def streamed(
    frames: Generator[Frame, None, None],
    target: Target,
    tags: ColorTags,
    ended_early: Callable[[str], None],
) -> Generator[Frame, None, None]:
    """The frames, of such colours, as they are; each is also written to `target.path`.

    Where its reader goes, `ended_early` is called with a line, and the frames go on. The encoder
    is opened before the first frame is asked for, so that this one need not wait for it.
    """
    with closing(frames), _opened(target, tags) as writer:
        for frame in frames:
            writer.write(frame, ended_early)
            yield frame
        writer.finish()


class FragmentWriter:
    """Encodes and muxes frame by frame, as long as there is a reader."""

    def __init__(
        self, output: OutputContainer, stream: VideoStream, sound: SoundMuxer, target: Target
    ) -> None:
        self._output, self._stream, self._sound, self._target = output, stream, sound, target
        self._count = 0
        self._has_reader = True

    def write(self, frame: Frame, ended_early: Callable[[str], None]) -> None:
        if not self._has_reader:
            return
        try:
            with _fragment_errors(self._target.path):
                self._mux(frame)
        except ReaderGone as error:
            self._has_reader = False
            ended_early(str(error))

    def _mux(self, frame: Frame) -> None:
        # a copy: encoding stamps a frame with its time, and others encode this one meanwhile
        own = Frame(copy_av_frame(frame.av_frame), frame.aspect)
        self._output.mux(encode_frame(self._stream, own, self._count, self._target))
        self._count += 1
        self._sound.mux_until(self._count / self._target.fps)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if not self._has_reader:
            return
        fps = self._target.fps
        with suppress(ReaderGone), _fragment_errors(self._target.path):
            self._output.mux(last_packets(self._stream, self._count))
            self._sound.finish(self._count / fps, 1 / fps)
            self._output.close()


class _Sink:
    """A file or pipe that is only written to, without a buffer."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        return len(data)


@contextmanager
def _fragment_errors(path: Path) -> Iterator[None]:
    """Errors of the file or pipe, told in a line."""
    with output_errors(path, "--stream"):
        try:
            yield
        except BrokenPipeError as error:
            raise ReaderGone(f"--stream {path}: its reader has gone") from error


@contextmanager
def _opened(target: Target, tags: ColorTags) -> Iterator[FragmentWriter]:
    """A file that was not finished is removed."""
    path = target.path
    with ExitStack() as stack:
        with _fragment_errors(path):
            own = path != STANDARD_OUTPUT
            file = stack.enter_context(FileIO(path if own else 1, "w", closefd=own))
            output = av.open(_Sink(file), "w", format="mp4", container_options=MUXER_OPTIONS)
            stack.callback(_close, output)
            stream = _add_stream(output, target, tags)
            sound = _add_sound(stack, output, target)
        try:
            yield FragmentWriter(output, stream, sound, target)
        except BaseException:
            _remove(file, path)
            raise


def _remove(file: FileIO, path: Path) -> None:
    with suppress(OSError):
        if path != STANDARD_OUTPUT and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            path.unlink()


def _close(output: OutputContainer) -> None:
    with suppress(OSError, ValueError, av.FFmpegError):  # closed already, or its reader has gone
        output.close()


def _add_stream(output: OutputContainer, target: Target, tags: ColorTags) -> VideoStream:
    stream = output.add_stream("libx264", rate=target.fps, options=dict(ENCODER_OPTIONS))
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height = target.width, target.height
    odd = target.width % 2 or target.height % 2
    context.pix_fmt = "yuv444p" if odd else "yuv420p"  # in eight bits, which all players take
    context.time_base = 1 / target.fps
    context.gop_size = max(1, round(KEYFRAMES * target.fps))
    tags.apply_to(context)
    context.open()
    return stream


def _add_sound(stack: ExitStack, output: OutputContainer, target: Target) -> SoundMuxer:
    if target.sound is None:
        return SoundMuxer(output, None)
    source = stack.enter_context(open_media(target.sound))
    return SoundMuxer(output, add_sound(source, target.sound, output, CONTAINERS[".mp4"]))
