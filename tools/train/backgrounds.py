"""Coloured, textured backgrounds whose colour nobody would argue about."""

import colorsys
from functools import lru_cache

import numpy as np
from PIL import Image

# Hue in degrees, saturation, value: from, to.
COLOURS = {
    "red": ((-8, 8), (0.75, 1.0), (0.6, 0.95)),
    "orange": ((22, 34), (0.8, 1.0), (0.9, 1.0)),
    "yellow": ((49, 60), (0.6, 1.0), (0.9, 1.0)),
    "green": ((95, 150), (0.45, 1.0), (0.4, 0.85)),
    "blue": ((205, 240), (0.55, 1.0), (0.5, 1.0)),
    "purple": ((266, 288), (0.5, 0.9), (0.4, 0.85)),
    "pink": ((322, 345), (0.25, 0.55), (0.92, 1.0)),
    "brown": ((18, 30), (0.5, 0.8), (0.3, 0.52)),
    "grey": ((0, 360), (0.0, 0.06), (0.38, 0.7)),
    "white": ((0, 360), (0.0, 0.04), (0.93, 1.0)),
    "black": ((0, 360), (0.0, 0.3), (0.0, 0.12)),
}
COLOUR_NAMES = list(COLOURS)


def tone(rng, colour):
    hue, saturation, value = (rng.uniform(*span) for span in COLOURS[colour])
    return 255 * np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value), np.float32)


@lru_cache
def grid(size):
    return np.mgrid[:size, :size].astype(np.float32) / size


def pattern(rng, size):
    """How much of the second tone each pixel shows, 0..1, [size, size]."""
    y, x = grid(size)
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    kind = rng.choice(["plain", "gradient", "stripes", "dots", "checks", "clouds", "spot"])
    period = rng.uniform(0.06, 0.3)
    if kind == "gradient":
        return (along - along.min()) / np.ptp(along)
    if kind == "stripes":
        return (np.sin(along * 2 * np.pi / period) > rng.uniform(-0.7, 0.7)).astype(np.float32)
    if kind == "dots":
        u, v = x / period % 1 - 0.5, y / period % 1 - 0.5
        return (u * u + v * v < rng.uniform(0.02, 0.12)).astype(np.float32)
    if kind == "checks":
        return (np.floor(x / period) + np.floor(y / period)) % 2
    if kind == "clouds":
        coarse = Image.fromarray((rng.random((rng.integers(3, 12),) * 2) * 255).astype(np.uint8))
        return np.asarray(coarse.resize((size, size), Image.BICUBIC), np.float32) / 255
    if kind == "spot":
        cx, cy = rng.random(2)
        return np.clip(np.hypot(x - cx, y - cy) / rng.uniform(0.5, 1.2), 0, 1)
    return np.zeros((size, size), np.float32)


def draw_background(rng, colour, size, grain=True):
    """[size, size, 3] uint8."""
    mix = np.linspace(0, 1, 256)[:, None]
    tones = tone(rng, colour) * (1 - mix) + tone(rng, colour) * mix  # [256, 3]
    pixels = tones.astype(np.uint8)[(pattern(rng, size) * 255).astype(np.uint8)]
    if grain and rng.random() < 0.4:
        noise = rng.standard_normal((size, size, 1), np.float32) * rng.uniform(2, 9)
        pixels = (pixels + noise).clip(0, 255).astype(np.uint8)
    return pixels
