"""Drawings, backgrounds and conversations from all cores, kept on the device and combined there into ever new scenes.

A GPU trains faster than processes can draw whole scenes. So they draw the parts, and `Bank` pastes them: each drawing is
seen in many places, sizes and companies, and no two scenes are alike.
"""

import threading
from dataclasses import dataclass

import numpy as np
import torch
import torch.multiprocessing as processes
import torch.nn.functional as F

import grammar
from backgrounds import COLOUR_NAMES, draw_background
from objects import KIND_NAMES, Icons, draw_object
from scenes import COUNT_SHARES, PLACES, SIZE
from sequences import CHAINED, IGNORE

FRAME = 128  # a drawing lies in the middle of a square of this side
LENGTHS = (76, 116)  # of a drawing in its frame, pixels
RESTYLED = 0.75
TEXT = 120  # tokens of a row after its images, at most
ROWS = 2  # conversations per scene, and one more: about two images (even scenes) or none (odd scenes)
BLOCK = {"drawings": 48, "backgrounds": 8, "scenes": 96}
NONE = len(KIND_NAMES)
ARRANGEMENTS = list(PLACES)


@dataclass
class Block:
    """What a process makes in about half a second, in memory that both sides see."""

    drawings: torch.Tensor  # [n, 4, frame, frame] uint8
    kinds: torch.Tensor  # [n]
    sizes: torch.Tensor  # [n, 3]: width, height, length as drawn
    backgrounds: torch.Tensor  # [m, 3, SIZE, SIZE] uint8
    colours: torch.Tensor  # [m]
    scenes: torch.Tensor  # [k, 6]: the kinds of four things (NONE: no thing), arrangement, colour
    texts: torch.Tensor  # [k, ROWS + 1, 4, TEXT]: ids, positions from 0, segments, labels

    @classmethod
    def empty(cls):
        n, m, k = BLOCK["drawings"], BLOCK["backgrounds"], BLOCK["scenes"]
        shapes = {
            "drawings": (n, 4, FRAME, FRAME), "kinds": (n,), "sizes": (n, 3), "backgrounds": (m, 3, SIZE, SIZE),
            "colours": (m,), "scenes": (k, 6), "texts": (k, ROWS + 1, 4, TEXT),
        }  # fmt: skip
        pixels = ("drawings", "backgrounds")
        new = {name: torch.zeros(shape, dtype=torch.uint8 if name in pixels else torch.int16) for name, shape in shapes.items()}
        return cls(**{name: tensor.share_memory_() for name, tensor in new.items()})


def framed(picture):
    """RGBA picture -> [4, frame, frame], colours multiplied by cover, and its size."""
    if max(picture.size) > FRAME:
        picture = picture.resize([max(1, side * FRAME // max(picture.size)) for side in picture.size])
    rgba = np.asarray(picture, np.float32)
    rgba = np.concatenate([rgba[..., :3] * rgba[..., 3:] / 255, rgba[..., 3:]], -1).round().astype(np.uint8)
    out, (w, h) = np.zeros((FRAME, FRAME, 4), np.uint8), picture.size
    top, left = (FRAME - h) // 2, (FRAME - w) // 2
    out[top : top + h, left : left + w] = rgba
    return out.transpose(2, 0, 1), (w, h)


def random_scene(rng, count):
    """-> grammar's scene, and its row of numbers"""
    kinds = rng.choice(len(KIND_NAMES), count, replace=False)
    possible = grammar.ARRANGEMENTS.get(count, ["crowd"])
    arrangement = possible[rng.integers(len(possible))]
    colour = rng.integers(len(COLOUR_NAMES))
    place = f"{arrangement} of 3" if count == 3 and f"{arrangement} of 3" in PLACES else arrangement
    numbers = [*kinds, *[NONE] * (4 - count), ARRANGEMENTS.index(place), colour]
    return grammar.Scene([KIND_NAMES[i] for i in kinds], arrangement, COLOUR_NAMES[colour]), numbers


def text_row(packer, rng, asked, with_image):
    """As many of the pairs as fit -> [4, TEXT], without the part before the images."""
    chained, images = rng.random() < CHAINED, [packer.image] if with_image else []
    while True:
        ids, positions, segments, labels = packer.row(asked, images, chained)
        skip = len(packer.start) + len(images)
        if len(ids) - skip <= TEXT:
            break
        asked = asked[:-1]
    out = np.tile(np.array([0, 0, -1, IGNORE], np.int16)[:, None], TEXT)
    for i, column in enumerate((ids, positions, segments, labels)):
        out[i, : len(ids) - skip] = column[skip:]
    out[1, : len(ids) - skip] -= skip
    return out


def in_turn(rng, count):
    """Numbers below count for ever, every one once before any comes again."""
    while True:
        yield from rng.permutation(count)


def fill(block, rng, icons, packer, kinds):
    for i in range(len(block.kinds)):
        kind, length = next(kinds), rng.uniform(*LENGTHS)
        picture, size = framed(draw_object(rng, icons, KIND_NAMES[kind], length, rng.random() < RESTYLED))
        block.drawings[i], block.kinds[i] = torch.from_numpy(picture), int(kind)
        block.sizes[i] = torch.tensor([*size, round(length)])
    for i, colour in enumerate(rng.integers(len(COLOUR_NAMES), size=len(block.colours))):
        block.backgrounds[i] = torch.from_numpy(draw_background(rng, COLOUR_NAMES[colour], SIZE).transpose(2, 0, 1))
        block.colours[i] = int(colour)
    counts = rng.choice(len(COUNT_SHARES), len(block.scenes), p=COUNT_SHARES)
    scenes, numbers = zip(*(random_scene(rng, count) for count in counts))
    block.scenes.copy_(torch.tensor(np.array(numbers)))
    for i, scene in enumerate(scenes):
        rows = [text_row(packer, rng, grammar.questions(rng, scene, 4), True) for _ in range(ROWS)]
        if i % 2:
            rows.append(text_row(packer, rng, [grammar.without_image(rng) for _ in range(4)], False))
        else:
            rows.append(text_row(packer, rng, grammar.pair_questions(rng, scene, scenes[i + 1]), True))
        block.texts[i] = torch.from_numpy(np.stack(rows))


def work(rank, make_packer, blocks, free, ready):
    torch.set_num_threads(1)
    rng, icons, packer = np.random.default_rng([31, rank]), Icons("known"), make_packer()
    kinds = in_turn(rng, len(KIND_NAMES))
    while True:
        number = free.get()
        fill(blocks[number], rng, icons, packer, kinds)
        ready.put(number)


class Bank:
    """The latest of everything, on the device."""

    DRAWINGS, BACKGROUNDS, SCENES = 96, 256, 96 * 640  # per kind, per colour, in all

    def __init__(self, device, make_packer, workers, seed=0, share=1.0):
        self.device = device
        self.random = torch.Generator(device).manual_seed(seed)
        drawings, backgrounds = max(8, int(self.DRAWINGS * share)), max(8, int(self.BACKGROUNDS * share))
        scenes = max(4, int(self.SCENES / 96 * share)) * 96
        make = lambda shape, dtype: torch.zeros(shape, dtype=dtype, device=device)
        self.drawings = make((len(KIND_NAMES), drawings, 4, FRAME, FRAME), torch.uint8)
        self.sizes = make((len(KIND_NAMES), drawings, 3), torch.int16)
        self.backgrounds = make((len(COLOUR_NAMES), backgrounds, 3, SIZE, SIZE), torch.uint8)
        self.scenes = make((scenes, 6), torch.int16)
        self.texts = make((scenes, ROWS + 1, 4, TEXT), torch.int16)
        self.drawn, self.painted, self.told = [0] * len(KIND_NAMES), [0] * len(COLOUR_NAMES), 0
        # How many there are to choose from; on the device, so that choosing waits for nothing.
        self.filled = {"drawings": make((len(KIND_NAMES),), torch.long), "backgrounds": make((len(COLOUR_NAMES),), torch.long)}
        self.places = self.place_table(device)

        context = processes.get_context("spawn")
        free, ready = context.Queue(), context.Queue()
        blocks = [Block.empty() for _ in range(2 * workers)]
        for number in range(len(blocks)):
            free.put(number)
        self.workers = [
            context.Process(target=work, args=(rank, make_packer, blocks, free, ready), daemon=True) for rank in range(workers)
        ]
        for worker in self.workers:
            worker.start()
        threading.Thread(target=self.collect, args=(blocks, free, ready), daemon=True).start()

    @staticmethod
    def place_table(device):
        """Per arrangement and thing: middle x, middle y, stray x, stray y, shortest, longest."""
        table = torch.zeros(len(ARRANGEMENTS), 4, 6)
        for i, (middles, stray, lengths) in enumerate(PLACES.values()):
            for j, middle in enumerate(middles):
                table[i, j] = torch.tensor([*middle, *stray, *lengths])
        return table.to(device)

    def collect(self, blocks, free, ready):
        """Runs beside training. What is replaced while a batch reads it may be half old and half new: one sample in thousands."""
        stream = torch.cuda.Stream() if self.device.type == "cuda" else None
        while True:
            number = ready.get()
            with torch.cuda.stream(stream):
                self.take(blocks[number])
            if stream:
                stream.synchronize()
            free.put(number)

    def take(self, block):
        def insert(store, counts, group, values):
            slots = []
            for one in group.tolist():
                slots.append(counts[one] % store.shape[1])
                counts[one] += 1
            store[group.long().to(self.device), torch.tensor(slots, device=self.device)] = values.to(self.device)

        kept = list(self.drawn)
        insert(self.sizes, kept, block.kinds, block.sizes)
        insert(self.drawings, self.drawn, block.kinds, block.drawings)
        insert(self.backgrounds, self.painted, block.colours, block.backgrounds)
        for name, counts in (("drawings", self.drawn), ("backgrounds", self.painted)):
            self.filled[name].copy_(torch.tensor(counts).clamp(max=getattr(self, name).shape[1]))
        start, count = self.told % len(self.scenes), len(block.scenes)
        self.scenes[start : start + count] = block.scenes.to(self.device)
        self.texts[start : start + count] = block.texts.to(self.device)
        self.told += count

    @property
    def is_ready(self):
        return min(self.drawn) > 0 and min(self.painted) > 0

    def uniform(self, *shape):
        return torch.rand(shape, generator=self.random, device=self.device)

    def choose(self, name, index):
        """A random filled slot for each index."""
        return (self.uniform(*index.shape) * self.filled[name][index]).long()

    def pick(self, count, parity=None):
        """Indices of scenes that were told; of even or odd ones only, where asked."""
        told = min(self.told, len(self.scenes)) // 2
        index = (self.uniform(count) * told).long() * 2
        return index + ((self.uniform(count) < 0.5).long() if parity is None else parity)

    def crowds(self, count):
        """Scenes of four things that are in no text."""
        kinds = (self.uniform(count, 4) * len(KIND_NAMES)).long()
        rest = torch.full((count, 1), ARRANGEMENTS.index("crowd"), device=self.device)
        colours = (self.uniform(count, 1) * len(COLOUR_NAMES)).long()
        return torch.cat([kinds, rest, colours], 1)

    def paint(self, scenes):
        """[n, 6] -> pixels [n, 3, SIZE, SIZE] 0..255, boxes [n, 4, 4] (left, top, right, bottom)"""
        scenes = scenes.long()
        n, kinds, colours = len(scenes), scenes[:, :4], scenes[:, 5]
        background = self.choose("backgrounds", colours)
        half = torch.float16 if self.device.type == "cuda" else torch.float32
        canvas = self.backgrounds[colours, background].to(half)
        mirrored = self.uniform(n) < 0.5  # the background; the words do not mind
        canvas = torch.where(mirrored[:, None, None, None], canvas.flip(-1), canvas)
        place = self.places[scenes[:, 4]]  # [n, 4, 6]
        there = kinds < NONE
        named = kinds.clamp(max=NONE - 1)
        slot = self.choose("drawings", named)
        size = self.sizes[named, slot].float()  # [n, 4, 3]
        length = place[..., 4] + self.uniform(n, 4) * (place[..., 5] - place[..., 4])
        scale = length[..., None] / size[..., 2:] * (1 + 0.08 * (2 * self.uniform(n, 4, 2) - 1))  # [n, 4, 2]
        scale = torch.where(there[..., None], scale, 1.0)
        extent = size[..., :2] * scale
        middle = place[..., :2] + (2 * self.uniform(n, 4, 2) - 1) * place[..., 2:4]
        corner = (middle - extent / 2).clamp(min=-4).minimum(SIZE + 4 - extent)
        flip = torch.where(self.uniform(n, 4) < 0.5, -1.0, 1.0)
        ramp = torch.arange(SIZE, device=self.device).float() + 0.5
        for j in range(4):
            drawing = self.drawings[named[:, j], slot[:, j]].to(half)
            centre = corner[:, j] + extent[:, j] / 2
            # Where each pixel of the canvas lies in the frame, in grid_sample's units of half a frame.
            x = (ramp - centre[:, :1]) / scale[:, j, :1] * flip[:, j, None] / (FRAME / 2)  # [n, SIZE]
            y = (ramp - centre[:, 1:]) / scale[:, j, 1:] / (FRAME / 2)
            grid = torch.stack([x[:, None].expand(n, SIZE, SIZE), y[:, :, None].expand(n, SIZE, SIZE)], -1)
            pasted = F.grid_sample(drawing, grid.to(half), align_corners=False) * there[:, j, None, None, None]
            canvas = canvas * (1 - pasted[:, 3:] / 255) + pasted[:, :3]
        boxes = torch.cat([corner, corner + extent], -1) * there[..., None]
        return canvas.clamp_(0, 255), boxes


def cell_labels(boxes, kinds, cells):
    """As scenes.cell_labels, for many scenes at once: [n, 4, 4], [n, 4] -> [n, cells * cells]"""
    cell = SIZE / cells
    edges = torch.arange(cells + 1, device=boxes.device) * cell
    span = lambda low, high: (
        torch.minimum(high[..., None], edges[1:]) - torch.maximum(low[..., None], edges[:-1])
    ).clamp(0, cell) / cell  # [n, 4, cells]
    left, top, right, bottom = boxes.unbind(-1)
    cover = span(top, bottom)[..., None] * span(left, right)[..., None, :]  # [n, 4, cells, cells]
    index = torch.arange(cells, device=boxes.device)
    middle = lambda low, high: ((low + high) / 2 // cell).clamp(0, cells - 1)[..., None] == index
    at_middle = middle(top, bottom)[..., None] & middle(left, right)[..., None, :] & (kinds < NONE)[..., None, None]
    cover = cover.masked_fill(at_middle, 2.0)
    most, which = cover.max(1)
    labels = torch.gather(kinds.long(), 1, which.flatten(1))
    bare = cover.sum(1).flatten(1) < 0.03
    return torch.where(bare, NONE, torch.where(most.flatten(1) > 0.4, labels, IGNORE))
