"""What PyTorch's exporter makes of the embedding."""

import torch
from torch import nn
from torch.export import Dim


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
