"""Drawings of things: loading the rendered icons, and restyling one at random so that no single style is learned."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/train"
KINDS = json.loads((ROOT / "packages/tiny/kinds.json").read_text())  # iconify name -> words with their article
KIND_NAMES = list(KINDS)
ICON = 128

# How often each SVG-level style of render-icons.mjs is drawn. Sets that lack a style fall back to plain.
STYLE_SHARES = {"plain": 0.5, "thin": 0.12, "thick": 0.18, "line": 0.12, "wire": 0.08}

# RGB <-> luma and two chroma axes: hue turns and saturation are linear in it.
TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
TO_RGB = np.linalg.inv(TO_YIQ)


class Icons:
    """The rendered drawings of one group: "known" (the six training sets) or "openmoji" (held out)."""

    def __init__(self, group):
        index = json.loads((CACHE / f"{group}.json").read_text())
        self.pixels = np.memmap(CACHE / f"{group}.rgba", np.uint8, "r").reshape(-1, ICON, ICON, 4)
        self.by_kind = defaultdict(lambda: defaultdict(dict))  # kind -> set -> style -> row
        for row, icon in enumerate(index):
            self.by_kind[icon["kind"]][icon["set"]][icon["style"]] = row

    def pick(self, rng, kind, restyle):
        """One drawing as an RGBA picture. Sets are drawn evenly, so a kind in few sets is not seen less."""
        sets = self.by_kind[kind]
        styles = sets[rng.choice(list(sets))]
        style = rng.choice(list(STYLE_SHARES), p=list(STYLE_SHARES.values())) if restyle else "plain"
        return Image.fromarray(self.pixels[styles.get(style, styles["plain"])])


def colour_matrix(rng, strength):
    """A random turn of hue, saturation and contrast, as one 3x3 matrix."""
    turn = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 * strength else rng.normal(0, 0.25 * strength)
    saturation = 0 if rng.random() < 0.12 * strength else rng.uniform(1 - 0.6 * strength, 1 + 0.4 * strength)
    cos, sin = saturation * np.cos(turn), saturation * np.sin(turn)
    matrix = TO_RGB @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ TO_YIQ
    if rng.random() < 0.1 * strength:
        matrix = matrix[rng.permutation(3)]
    return matrix * rng.uniform(1 - 0.3 * strength, 1 + 0.3 * strength)


def recolour(rng, rgb):
    """rgb [h, w, 3], 0..255."""
    h, w, _ = rgb.shape
    rgb = (rgb.reshape(-1, 3) - 128) @ colour_matrix(rng, 1).T.astype(np.float32) + 128 + rng.normal(0, 12)
    rgb = rgb.clip(0, 255).reshape(h, w, 3)
    if rng.random() < 0.15:
        step = rng.uniform(40, 110)
        rgb = np.floor(rgb / step) * step + step / 2
    if rng.random() < 0.04:
        rgb = 255 - rgb
    return rgb.clip(0, 255)


def ink_edges(rgb, alpha, threshold):
    """Black lines wherever colour or cover changes: the pixel-level counterpart of the SVG outlines."""
    cover = alpha[..., None] / 255.0
    flat = np.concatenate([rgb * cover, alpha[..., None]], -1)
    edge = np.zeros(alpha.shape, np.float32)
    edge[:, 1:] = np.abs(np.diff(flat, axis=1)).max(-1)
    edge[1:] = np.maximum(edge[1:], np.abs(np.diff(flat, axis=0)).max(-1))
    lines = Image.fromarray((edge > threshold).astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(3))
    return np.asarray(lines.filter(ImageFilter.GaussianBlur(0.5)), np.float32)


def restyle_pixels(rng, picture):
    """Random colours, outlines, blur and cut-outs on an RGBA picture."""
    rgba = np.asarray(picture, np.float32)
    rgb, alpha = rgba[..., :3], rgba[..., 3]
    if rng.random() < 0.7:
        rgb = recolour(rng, rgb)
    chance = rng.random()
    if chance < 0.1:
        lines = ink_edges(rgb, alpha, rng.uniform(25, 90))
        rgb = rgb * (1 - lines[..., None] / 255)
        alpha = np.maximum(alpha, lines)
    elif chance < 0.14:
        alpha = ink_edges(rgb, alpha, rng.uniform(25, 60))
        rgb = np.full_like(rgb, rng.choice([0, 0, 255]))
    elif chance < 0.3:
        wide = np.asarray(Image.fromarray(alpha.astype(np.uint8)).filter(ImageFilter.MaxFilter(5)), np.float32)
        rgb = rgb * (alpha / np.maximum(wide, 1))[..., None]  # the new rim is black
        alpha = wide
    if rng.random() < 0.1:
        size = (rng.uniform(0.1, 0.35, 2) * rgb.shape[:2]).astype(int)
        y, x = (rng.random(2) * (np.array(rgb.shape[:2]) - size)).astype(int)
        alpha = alpha.copy()
        alpha[y : y + size[0], x : x + size[1]] = 0
    picture = Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8), "RGBA")
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1))) if rng.random() < 0.1 else picture


def draw_object(rng, icons, kind, size, augment):
    """A drawing of `kind`, about `size` pixels long, cropped to what is visible."""
    picture = icons.pick(rng, kind, augment)
    squeeze = rng.uniform(0.85, 1.0, 2) if augment else (1, 1)
    picture = picture.resize([max(8, round(size * s)) for s in squeeze], Image.BILINEAR)
    if augment:
        picture = restyle_pixels(rng, picture)
        if rng.random() < 0.5:
            picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
        if rng.random() < 0.3:
            w, h = picture.size
            shear = rng.uniform(-0.2, 0.2)
            picture = picture.transform((w, h), Image.AFFINE, (1, shear, -shear * h / 2, 0, 1, 0), Image.BILINEAR)
    turn = rng.normal(0, 8 if augment else 5)
    picture = picture.rotate(turn, Image.BILINEAR, expand=True)
    return picture.crop(picture.getchannel("A").getbbox() or (0, 0, *picture.size))


class Shelf:
    """Draws for training, where drawing would take a quarter of the time: six in ten come from earlier ones, mirrored
    or not, on another background."""

    def __init__(self, icons):
        self.icons, self.kept = icons, defaultdict(list)  # kind -> (length, picture)

    def draw(self, rng, kind, lengths, restyled):
        """A drawing between lengths[0] and lengths[1] pixels long, with chance `restyled` restyled."""
        kept = self.kept[kind]
        if len(kept) >= 8 and rng.random() < 0.6:
            length, picture = kept[rng.integers(len(kept))]
            if lengths[0] <= length <= lengths[1]:
                return picture.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else picture
        length = rng.uniform(*lengths)
        picture = draw_object(rng, self.icons, kind, length, rng.random() < restyled)
        if len(kept) < 16:
            kept.append((length, picture))
        else:
            kept[rng.integers(16)] = (length, picture)
        return picture


class Plain:
    """Draws for scoring: always anew, never restyled."""

    def __init__(self, icons):
        self.icons = icons

    def draw(self, rng, kind, lengths, restyled=0):
        return draw_object(rng, self.icons, kind, rng.uniform(*lengths), False)
