"""Reading and writing float32 tensors in the safetensors format: a length, a JSON header, the bytes."""

import json
import struct
from pathlib import Path

import numpy as np
import torch


def write(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().cpu().contiguous().numpy().astype("<f4").tobytes())


def read(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = np.frombuffer(data, np.uint8, offset=8 + length)
    return {
        name: torch.from_numpy(body[slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"]).copy())
        for name, entry in header.items()
    }
