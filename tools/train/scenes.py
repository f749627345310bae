"""Pictures of up to three things, arranged so that the grammar's words about them are true."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from backgrounds import COLOUR_NAMES, draw_background
from grammar import ARRANGEMENTS, Scene
from objects import KIND_NAMES

SIZE = 256
CELL = 64  # one image token
COUNT_SHARES = [0.03, 0.42, 0.32, 0.23]  # scenes of 0, 1, 2, 3 things
CROWD = 4  # things in a picture the grammar has no words for, which only teaches the image tokens

# Where the things' middles are, how far they may stray (pixels), and how long the things are.
PLACES = {
    "none": ([], (0, 0), (0, 0)),
    "single": ([(128, 128)], (58, 58), (72, 146)),
    "row": ([(66, 128), (190, 128)], (8, 22), (70, 118)),
    "column": ([(128, 66), (128, 190)], (22, 8), (70, 118)),
    "row of 3": ([(43, 128), (128, 128), (213, 128)], (4, 28), (62, 80)),
    "column of 3": ([(128, 43), (128, 128), (128, 213)], (28, 4), (62, 80)),
    "two above": ([(66, 68), (190, 68), (128, 190)], (10, 8), (66, 108)),
    "crowd": ([(64, 64), (192, 64), (64, 192), (192, 192)], (10, 10), (66, 118)),
    "two below": ([(128, 66), (66, 188), (190, 188)], (10, 8), (66, 108)),
}


@dataclass
class Picture:
    pixels: np.ndarray  # [size, size, 3] uint8
    scene: Scene
    boxes: list  # left, top, right, bottom per thing, pixels


def compose(rng, drawings, count, restyled=0, grain=True):
    """Draws one scene of `count` different things."""
    kinds = [KIND_NAMES[i] for i in rng.choice(len(KIND_NAMES), count, replace=False)]
    possible = ARRANGEMENTS.get(count, ["crowd"])
    arrangement = possible[rng.integers(len(possible))]
    colour = COLOUR_NAMES[rng.integers(len(COLOUR_NAMES))]
    picture = Image.fromarray(draw_background(rng, colour, SIZE, grain))
    places, stray, lengths = PLACES[f"{arrangement} of 3" if f"{arrangement} of {count}" in PLACES else arrangement]
    boxes = []
    for kind, middle in zip(kinds, places):
        drawing = drawings.draw(rng, kind, lengths, restyled)
        centre = np.array(middle) + rng.uniform(-1, 1, 2) * stray
        left, top = np.clip(centre - np.array(drawing.size) / 2, -4, SIZE + 4 - np.array(drawing.size)).round().astype(int)
        picture.paste(drawing, (left, top), drawing)
        boxes.append((int(left), int(top), int(left) + drawing.width, int(top) + drawing.height))
    return Picture(np.asarray(picture), Scene(kinds, arrangement, colour), boxes)


def cell_labels(picture):
    """The kind each image token sees, row by row: `none` for bare background, -100 where it is neither here nor there."""
    none, n = len(KIND_NAMES), SIZE // CELL
    cover = np.zeros((len(picture.boxes) + 1, n, n))
    edges = np.arange(n + 1) * CELL
    for i, (left, top, right, bottom) in enumerate(picture.boxes):
        across = np.clip(np.minimum(right, edges[1:]) - np.maximum(left, edges[:-1]), 0, CELL) / CELL
        down = np.clip(np.minimum(bottom, edges[1:]) - np.maximum(top, edges[:-1]), 0, CELL) / CELL
        cover[i] = down[:, None] * across
        cover[i, min(n - 1, (top + bottom) // 2 // CELL), min(n - 1, (left + right) // 2 // CELL)] = 2  # its middle
    labels = np.full((n, n), -100)
    labels[cover.sum(0) < 0.03] = none
    most = cover.argmax(0)
    for i, kind in enumerate(picture.scene.kinds):
        labels[(most == i) & (cover[i] > 0.4)] = KIND_NAMES.index(kind)
    return labels.reshape(-1)
