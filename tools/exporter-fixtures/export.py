"""What PyTorch's exporter makes of the encoder."""

import torch
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
