"""Speech without its noise and music, by GTCRN's network, which is kept in `weights/`.

It takes one spectrum of 512 samples after another, every 256, and three tensors of memory, and
returns the spectrum of the speech in it. Nothing else than the mouth gets to hear the result.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.load import Samples, Sound
from audio.spool import Spool, release_pages
from base.errors import EngineError
from base.openvino import core, ov

NETWORK = Path(__file__).parent / "weights" / "gtcrn.onnx"
WINDOW, HOP = 512, 256  # samples
FRAMES_AT_ONCE = 1024  # 16 s: memory does not grow with the sound
MEMORY = {  # the network's, at the sound's start
    "conv_cache": (2, 1, 16, 16, 33),
    "tra_cache": (2, 3, 1, 1, 16),
    "inter_cache": (2, 1, 33, 16),
}

Spectra = NDArray[np.complex64]  # (frames, 257)
Cleaner = Callable[[Sound], Sound]


def load_cleaner() -> Cleaner:
    """Compile the network; EngineError if its file is missing or damaged."""
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"}
    try:
        compiled = core().compile_model(core().read_model(NETWORK), "CPU", settings)
        request = compiled.create_infer_request()
        clean(request, Sound(np.zeros(1, np.float32)))
    except (RuntimeError, OSError) as error:
        raise EngineError(
            f"{NETWORK}: is missing, damaged, or not the network that cleans speech;"
            " install the program again, or leave out --clean_voice"
        ) from error
    return lambda sound: clean(request, sound)


def clean(request: ov.InferRequest, sound: Sound) -> Sound:
    """The speech in the sound, as long as it."""
    length, speech = len(sound.samples), Spool()
    memory = {name: np.zeros(shape, np.float32) for name, shape in MEMORY.items()}
    overlap: Samples = np.zeros(HOP, np.float32)
    skipped = WINDOW // 2
    for spectra in _spectra(sound.samples):
        samples, overlap = _restored(_forward(request, spectra, memory), overlap)
        speech.add(samples[skipped:][: length - len(speech)])
        skipped = max(skipped - len(samples), 0)
        release_pages(sound.samples)
    return Sound(speech.array())


def _spectra(samples: Samples) -> Iterator[Spectra]:
    """The sound's spectra, the first around its first sample and the last behind its end."""
    frames = -(-len(samples) // HOP) + 2
    for first in range(0, frames, FRAMES_AT_ONCE):
        count = min(FRAMES_AT_ONCE, frames - first)
        start = first * HOP - WINDOW // 2
        part = samples[max(start, 0) : start + (count - 1) * HOP + WINDOW]
        before = max(-start, 0)
        padded = np.pad(part, (before, (count - 1) * HOP + WINDOW - before - len(part)))
        every = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        yield np.fft.rfft(every * _window(), axis=1).astype(np.complex64)


def _forward(
    request: ov.InferRequest, spectra: Spectra, memory: dict[str, NDArray[np.float32]]
) -> Spectra:
    """The spectra of the speech; the memory goes on."""
    result = np.empty_like(spectra)
    for number, spectrum in enumerate(spectra):
        mix = np.stack([spectrum.real, spectrum.imag], axis=-1)[None, :, None]
        out = request.infer({"mix": mix, **memory})
        result[number] = out["enh"][0, :, 0].copy().view(np.complex64)[:, 0]
        memory.update({name: out[f"{name}_out"].copy() for name in MEMORY})
    return result


def _restored(spectra: Spectra, overlap: Samples) -> tuple[Samples, Samples]:
    """The samples that the frames complete, and what the next frames have to add to."""
    frames = np.fft.irfft(spectra, WINDOW, axis=1) * _window()
    halves = frames.reshape(len(frames), 2, HOP).astype(np.float32)
    samples = halves[:, 0].copy()
    samples[0] += overlap
    samples[1:] += halves[:-1, 1]
    return samples.ravel(), halves[-1, 1]


def _window() -> NDArray[np.float32]:
    """The root of a Hann window: squared, neighbours add up to one."""
    return np.asarray(np.sqrt(np.hanning(WINDOW + 1)[:-1]), np.float32)
