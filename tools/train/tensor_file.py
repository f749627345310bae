"""Reading and writing tensors in the safetensors format: a length, a JSON header, the bytes."""

import json
import struct
from pathlib import Path

import numpy as np
import torch

NUMPY = {"F32": "<f4", "F16": "<f2"}


def write(path, tensors, dtype="F32"):
    header, offset, form = {"__metadata__": {"format": "pt"}}, 0, np.dtype(NUMPY[dtype])
    for name, tensor in tensors.items():
        size = form.itemsize * tensor.numel()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().cpu().contiguous().numpy().astype(form).tobytes())


def read(path):
    """{name: float32 tensor}, whatever they are stored as."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = np.frombuffer(data, np.uint8, offset=8 + length)
    return {
        name: torch.from_numpy(
            body[slice(*entry["data_offsets"])].view(NUMPY[entry["dtype"]]).reshape(entry["shape"]).astype(np.float32)
        )
        for name, entry in header.items()
    }
