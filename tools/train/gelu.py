"""GELU, erf form. On a CPU with a C compiler, training uses gelu.c; everywhere else it is PyTorch's."""

import ctypes
import os
import subprocess

import torch
import torch.nn.functional as F

from objects import CACHE, ROOT

# What -ffast-math allows that the loops need, without its start-up code, which would flush denormals everywhere.
FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512", "-fno-math-errno", "-fno-trapping-math"]
FLAGS += ["-ffinite-math-only", "-fno-signed-zeros"]


def compiled():
    library, source = CACHE / "gelu.so", ROOT / "tools/train/gelu.c"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        part = f"{library}.{os.getpid()}"
        flags = [*FLAGS, "-shared", "-fPIC"]
        try:
            subprocess.run(["cc", *flags, "-o", part, str(source)], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        os.replace(part, library)
    return ctypes.CDLL(str(library))


LIBRARY = compiled()
pointer = lambda tensor: ctypes.c_void_p(tensor.data_ptr())


class FastGelu(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        y, slope = torch.empty_like(x), torch.empty_like(x)  # same strides as x: dense in memory, in whichever order
        run = LIBRARY.gelu_bf16 if x.dtype == torch.bfloat16 else LIBRARY.gelu_f32
        run(pointer(x), pointer(y), pointer(slope), ctypes.c_int64(x.numel()))
        context.save_for_backward(slope)
        return y

    @staticmethod
    def backward(context, grad):
        return grad * context.saved_tensors[0]


def gelu(x):
    dense = x.is_contiguous() or x.is_contiguous(memory_format=torch.channels_last)
    usable = LIBRARY and x.device.type == "cpu" and x.requires_grad and dense
    return FastGelu.apply(x) if usable else F.gelu(x)
