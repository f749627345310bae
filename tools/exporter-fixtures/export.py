"""What PyTorch's exporter makes of the encoder and of the embedding."""

import torch
from torch import nn
from torch.export import Dim

from sizes import IMAGE_SIZE


def export_encoder(model, path):
    """At opset 18 with a batch of two; height and width stay free, but the pooling keeps the example's 16 x 16."""
    example = torch.rand(2, 3, IMAGE_SIZE, IMAGE_SIZE)
    torch.onnx.export(
        model,
        (example,),
        str(path),
        dynamo=True,
        opset_version=18,
        input_names=["pixel_values"],
        output_names=["image_features"],
        dynamic_shapes={"pixel_values": {0: Dim.AUTO, 2: Dim.AUTO, 3: Dim.AUTO}},
        verbose=False,
    )


def export_embedding(table, path):
    rows, _ = table.shape
    model = Embedding(table).eval()
    example = torch.randint(rows, (2, 7))
    torch.onnx.export(
        model,
        (example,),
        str(path),
        dynamo=True,
        opset_version=18,
        input_names=["input_ids"],
        output_names=["inputs_embeds"],
        dynamic_shapes={"input_ids": {0: Dim("batch_size"), 1: Dim("sequence_length")}},
        verbose=False,
    )


class Embedding(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(table.detach().clone())

    def forward(self, input_ids):
        return self.table(input_ids)
