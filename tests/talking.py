"""Vowels and faces for tests of the puppet."""

import itertools
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from audio.mel import mel_spectrogram
from base.geometry import Affine, Rect
from faces.lips import Square, see_lips

RATE = 16_000
# first and second formant in Hz
VOWELS = {"a": (750, 1250), "i": (300, 2400), "u": (320, 750)}
PORTRAIT = Path(__file__).parent.parent / "demo" / "portrait.png"


def vowel(name, seconds, level=0.5):
    """A sung vowel: harmonics of 120 Hz under two formants, faded in and out over 10 ms."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(120, 4000, 120)
    near = sum(np.exp(-(((harmonics - f) / 150) ** 2)) for f in VOWELS[name]) + 0.01
    wave = sum(a * np.sin(2 * np.pi * f * time) for a, f in zip(near, harmonics, strict=True))
    fade = np.clip(np.minimum(time, time[-1] - time) / 0.01, 0, 1)
    return (level * wave / np.abs(wave).max() * fade).astype(np.float32)


def pause(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


def windows(samples, fps=25):
    """(frames, 80, 16): the mel from every frame's time on."""
    frames = int(len(samples) / RATE * fps)
    mel = mel_spectrogram(np.concatenate([samples, pause(0.25)]))
    return np.stack([mel[:, (first := int(f * 80 / fps)) : first + 16] for f in range(frames)])


def loudness(samples, fps=25):
    frames = int(len(samples) / RATE * fps)
    cuts = np.linspace(0, frames * RATE / fps, frames + 1).astype(int)
    pairs = itertools.pairwise(cuts)
    return np.array([np.sqrt(np.mean(samples[a:b] ** 2)) for a, b in pairs])


def portrait():
    """The demo's smiling face as a patch, with its landmarks."""
    left, top, right, bottom = 172.8, 123.0, 342.4, 367.8
    scale = np.array([96 / (right - left), 96 / (bottom - top)])
    points = np.array([[216.2, 201], [302, 207.2], [257.2, 257.6], [211, 277.4], [298.2, 283.8]])
    matrix = np.array([[scale[0], 0, -left * scale[0]], [0, scale[1], -top * scale[1]]])
    patch = cv2.warpAffine(cv2.imread(str(PORTRAIT)), matrix, (96, 96))
    return patch, ((points - (left, top)) * scale).astype(np.float32)


@lru_cache
def portrait_lips():
    """The demo's portrait around its mouth, pixel for pixel, and its lips as seen."""
    picture = cv2.imread(str(PORTRAIT))
    mesh = see_lips(picture, Square((257.0, 245.0), 370.0, 0.06))
    for _ in range(2):
        mesh = see_lips(picture, Square.around_mesh(mesh.points))
    rect = Rect(200, 420, 130, 380)
    shift = Affine.shift(-rect.left, -rect.top)
    return picture[rect.slices].copy(), mesh.lips.mapped(shift)


LANDMARKS = np.array([[30, 39], [66, 39], [48, 57], [30, 72], [66, 72]], np.float32)


def drawn(slit=72.0):
    """A plain face with closed lips that part at row `slit`, and LANDMARKS as its landmarks."""
    face = np.full((96, 96, 3), (120, 150, 205), np.uint8)
    fine = cv2.resize(face, (768, 768))
    middle = (48 * 8, round(slit * 8))
    cv2.ellipse(fine, middle, (18 * 8, 5 * 8), 0, 0, 360, (90, 90, 190), -1)
    cv2.ellipse(fine, middle, (17 * 8, 6), 0, 0, 360, (40, 30, 70), -1)
    return cv2.GaussianBlur(cv2.resize(fine, (96, 96), interpolation=cv2.INTER_AREA), (0, 0), 0.7)
