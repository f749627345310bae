"""
The vision encoder and the connector as one graph with the inputs and the output of the public files.

`Encoder` runs the modules of transformers, in the order of `Idefics3Model.get_image_features`. The exporter that
follows the program (dynamo) takes it as it is. The older one, which traces, fails on two places of transformers' code;
whoever used it had to change both, and here they are changed so that the numbers stay the same:

- `unfold` of a mask whose number of tiles is free. The sum over each patch comes out of a reshape instead.
- Positions that are traced as floats, which `Gather` does not take. They are cast to integers.
"""

import onnx
import torch
from torch import nn
from torch.export import Dim

from model import tile
from sizes import TILE

INPUTS = ["pixel_values", "pixel_attention_mask"]
OUTPUTS = ["image_features"]


class Encoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.vision_model = model.model.vision_model
        self.connector = model.model.connector
        self.patch = model.config.vision_config.patch_size

    def forward(self, pixel_values, pixel_attention_mask):
        batch, tiles, channels, height, width = pixel_values.shape
        pixels = pixel_values.view(batch * tiles, channels, height, width)
        # Tiles that are all zero are padding, and get no features.
        is_real = (pixels == 0.0).sum(dim=(-1, -2, -3)) != channels * height * width
        patches = self.patches(pixel_attention_mask.view(batch * tiles, height, width), is_real)
        states = self.vision_model(pixel_values=pixels[is_real].contiguous(), patch_attention_mask=patches)
        return self.connector(states.last_hidden_state)

    def patches(self, mask, is_real):
        size = self.patch
        grid = mask[is_real].contiguous().unfold(1, size, size).unfold(2, size, size)
        return (grid.sum(dim=(-1, -2)) > 0).bool()


class TraceableEncoder(Encoder):
    def __init__(self, model):
        super().__init__(model)
        self.vision_model.embeddings.position_embedding = IntegerPositions(self.vision_model.embeddings.position_embedding)

    def patches(self, mask, is_real):
        _, height, width = mask.shape
        size = self.patch
        grid = mask.reshape(-1, height // size, size, width // size, size)
        return (grid.sum(dim=(2, 4)) > 0)[is_real].contiguous()


class IntegerPositions(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table

    def forward(self, positions):
        return self.table(positions.long())


def example():
    pixels = torch.stack([tile(index, TILE) for index in range(6)]).view(2, 3, 3, TILE, TILE)
    return pixels, torch.ones(2, 3, TILE, TILE, dtype=torch.bool)


def export_followed(model, path):
    axes = {0: Dim.AUTO, 1: Dim.AUTO}
    shapes = {"pixel_values": axes, "pixel_attention_mask": axes}
    names = {"input_names": INPUTS, "output_names": OUTPUTS}
    torch.onnx.export(
        Encoder(model).eval(), example(), str(path), dynamo=True, opset_version=18, dynamic_shapes=shapes, verbose=False, **names
    )
    return onnx.load(path)


def export_traced(model, path):
    axes = {0: "batch_size", 1: "num_images"}
    shapes = {"pixel_values": axes, "pixel_attention_mask": axes, "image_features": {0: "num_tiles"}}
    names = {"input_names": INPUTS, "output_names": OUTPUTS}
    torch.onnx.export(
        TraceableEncoder(model).eval(), example(), str(path), dynamo=False, opset_version=14, dynamic_axes=shapes, **names
    )
    return onnx.load(path)
