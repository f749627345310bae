"""From a bank's scenes to what the tiny SmolVLM trains on: tiles, token rows, and what each image token sees."""

from dataclasses import dataclass
from functools import lru_cache

import torch

from sequences import IGNORE, smolvlm_image
from supply import cell_labels

WHOLE = (0, 0)  # rows and columns of an image that is one tile
FILTERS = {"lanczos": (3, lambda x: torch.sinc(x) * torch.sinc(x / 3)), "triangle": (1, lambda x: 1 - x.abs())}


@lru_cache(None)
def resizing(source, target, kind, device):
    """[target, source]: a resize along one axis with an antialiased filter, as Pillow does it."""
    support, weigh = FILTERS[kind]
    scale = max(source / target, 1.0)
    middles = (torch.arange(target, dtype=torch.float64) + 0.5) * source / target
    distance = (torch.arange(source, dtype=torch.float64) + 0.5 - middles[:, None]) / scale
    weights = torch.where(distance.abs() < support, weigh(distance), 0.0)
    return (weights / weights.sum(1, keepdim=True)).float().to(device)


def resize(pixels, height, width, kind):
    """[n, 3, h, w] 0..255"""
    down = resizing(pixels.shape[-2], height, kind, pixels.device).to(pixels.dtype)
    across = resizing(pixels.shape[-1], width, kind, pixels.device).to(pixels.dtype)
    return (down @ pixels @ across.T).clamp(0, 255)


def cut(pixels, grid, tile, kind="lanczos"):
    """[n, 3, h, w] 0..255 -> [n, tiles, 3, tile, tile] -1..1: the crops row by row, then the whole image."""
    rows, columns = grid
    whole = resize(pixels, tile, tile, kind)[:, None]
    if rows:
        height, width = rows * tile, columns * tile
        if pixels.shape[-2:] != (height, width):
            pixels = resize(pixels, height, width, kind)
        crops = pixels.unflatten(-1, (columns, tile)).unflatten(-3, (rows, tile)).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
        whole = torch.cat([crops, whole], 1)
    return whole / 127.5 - 1


def tile_labels(boxes, kinds, grid, side):
    """[n, tiles, side * side]: what each image token sees, where the grid is one that `cells` fit."""
    n, (rows, columns) = len(boxes), grid
    whole = cell_labels(boxes, kinds, side)[:, None]
    if not rows:
        return whole
    if rows != columns:
        return torch.full((n, rows * columns + 1, side * side), IGNORE, device=boxes.device)
    crops = cell_labels(boxes, kinds, rows * side).reshape(n, rows, side, columns, side)
    return torch.cat([crops.transpose(2, 3).reshape(n, rows * columns, side * side), whole], 1)


@dataclass
class Group:
    """Rows of one shape."""

    tiles: torch.Tensor  # [n, tiles, 3, tile, tile]
    labels: torch.Tensor  # [n, tiles, tokens of a tile]
    colours: torch.Tensor  # [n, tiles]
    rows: tuple  # ids, positions, segments, labels: each [n, length]


class Maker:
    def __init__(self, bank, packer, config):
        self.bank, self.packer, self.config = bank, packer, config
        self.side = int(config.tile_tokens**0.5)
        self.prefix = lru_cache(None)(self._prefix)

    def _prefix(self, grids, length):
        """The row's part before the text, filled up to `length`: ids, segments, and how long it is."""
        ids = list(self.packer.start)
        for rows, columns in grids:
            ids += self.packer.tokenizer.encode(smolvlm_image(rows, columns, self.config.tile_tokens))
        rest = max(length, len(ids)) - len(ids)
        tensor = lambda values: torch.tensor(values, device=self.bank.device)
        return tensor(ids + [0] * rest), tensor([0] * len(ids) + [-1] * rest), len(ids)

    def group(self, count, grids, length=0, kind="lanczos", crowds=False):
        """`count` rows, each with as many images as there are grids."""
        bank = self.bank
        index = bank.pick(count, parity=None if len(grids) == 1 else 0)
        if not grids:
            index = bank.pick(count, parity=1)
        scenes = bank.crowds(count) if crowds else bank.scenes[index]
        tiles, labels, colours = [], [], []
        for i, grid in enumerate(grids):
            shown = scenes if i == 0 else bank.scenes[index + i]
            pixels, boxes = bank.paint(shown)
            tiles.append(cut(pixels, grid, self.config.tile, kind))
            labels.append(tile_labels(boxes, shown[:, :4], grid, self.side))
            colours.append(shown[:, 5:].long().expand(-1, tiles[-1].shape[1]))
        if not grids:
            side = self.config.tile
            tiles = [torch.zeros(count, 0, 3, side, side, device=bank.device)]
            labels = [torch.zeros(count, 0, self.config.tile_tokens, dtype=torch.long, device=bank.device)]
            colours = [torch.zeros(count, 0, dtype=torch.long, device=bank.device)]
        rows = None if crowds else self.rows(index, grids, length)
        return Group(torch.cat(tiles, 1), torch.cat(labels, 1), torch.cat(colours, 1), rows)

    def rows(self, index, grids, length):
        bank, n = self.bank, len(index)
        slot = torch.full_like(index, bank.texts.shape[1] - 1)  # about two images, or none
        if len(grids) == 1:
            slot = (bank.uniform(n) * (bank.texts.shape[1] - 1)).long()
        ids, positions, segments, labels = bank.texts[index, slot].long().unbind(1)
        first_ids, first_segments, images_end = self.prefix(grids, length)
        before = lambda values: values.expand(n, -1)
        return (
            torch.cat([before(first_ids), ids], 1),
            torch.cat([before(torch.arange(len(first_ids), device=bank.device)), positions + images_end], 1),
            torch.cat([before(first_segments), segments], 1),
            torch.cat([before(torch.full_like(first_ids, IGNORE)), labels], 1),
        )


def joined(groups):
    """Groups whose rows are equally long -> tiles [all, 3, h, w], labels [all, tokens], colours [all], rows."""
    tiles = torch.cat([group.tiles.flatten(0, 1) for group in groups])
    labels = torch.cat([group.labels.flatten(0, 1) for group in groups])
    colours = torch.cat([group.colours.flatten() for group in groups])
    told = [group.rows for group in groups if group.rows]
    return tiles, labels, colours, [torch.cat(columns) for columns in zip(*told)]
