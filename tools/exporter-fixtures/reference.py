"""
Numbers that the kit has to find in these files: native ONNX Runtime on the CPU for embeddings and decoders, PyTorch for
the encoder, since at sizes other than its own the exported file is wrong and PyTorch's mean is right.

Inputs are formulas, so that a test can make them again: `packages/web/test/exported-files.ts` has the same ones.
"""

import math

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

from sizes import HIDDEN, KV_HEADS, HEADS, LAYERS, VOCABULARY

SIZES = (64, 256, 512, 768, 1024, 2048)
EMBEDDED_IDS = [0, 1, 77, 200, VOCABULARY - 1]
PROMPT = [11, 250, 3, 77, 300, 42, 5, 199, 120, 64, 8, 31]
# Calls on a cache, one after the other. Then another sequence goes on from where the prompt ended.
STEPS = [PROMPT, [44], [45], [46, 47, 48], [49]]
FORK = [[60, 61], [62]]
# Each reference is the value at every nth place.
FEATURE_SAMPLES = 96
LOGIT_STRIDE = 8


def picture(side):
    """Something different everywhere, between 0 and 1, whose channels have other means at other sizes."""
    y, x = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    planes = []
    for channel in range(3):
        slow = np.sin((2 * channel + 3) * x / side + 4 * y / side)
        fast = np.sin(0.7 * x + (channel + 1) * 1.3 * y)
        planes.append(0.5 + 0.3 * slow + 0.2 * fast)
    return np.stack(planes)[None].astype(np.float32)


def rows(ids):
    """Stand-ins for embeddings."""
    return np.array([[[0.3 * math.sin(1.7 * id + 0.9 * column) for column in range(HIDDEN)] for id in ids]], np.float32)


def sampled(values, count):
    flat = np.asarray(values, np.float32).reshape(-1)
    # Odd, so that the samples are of every column.
    stride = max(1, len(flat) // count) // 2 * 2 + 1
    return {"stride": stride, "values": rounded(flat[::stride][:count])}


def rounded(values):
    return [float(f"{value:.7g}") for value in values]


def features(model):
    found = {}
    for side in SIZES:
        with torch.no_grad():
            output = model(torch.from_numpy(picture(side)))
        found[str(side)] = {"tokens": output.shape[1], **sampled(output, FEATURE_SAMPLES)}
    return found


def embeddings(path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input_ids": np.array([EMBEDDED_IDS])})
    return rounded(output[0, :, ::8].reshape(-1))


def exact_products(model):
    """
    The same products of integers, with weights moved from int8 to uint8. On a CPU without VNNI, native ONNX Runtime adds
    pairs of int8 products in 16 bits and cuts off what is too large; its WebAssembly build does not.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    names = {name for node in model.graph.node if node.op_type == "MatMulInteger" for name in (node.input[1], node.input[3])}
    for name in names:
        values = numpy_helper.to_array(tensors[name])
        if values.dtype == np.int8:
            moved = (values.astype(np.int16) + 128).astype(np.uint8)
            tensors[name].CopyFrom(numpy_helper.from_array(moved, name))
    return model


def logits(path):
    model = exact_products(onnx.load(path))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    # The kit runs the first position by itself where all positions of a run share one scale.
    shares_scale = any(node.op_type == "DynamicQuantizeLinear" for node in model.graph.node)
    past = {value.name: value.type for value in session.get_inputs() if value.name.startswith("past")}
    types = {"tensor(float16)": np.float16, "tensor(float)": np.float32}
    empty = (1, KV_HEADS, 0, HIDDEN // HEADS)
    cache = {name: np.zeros(empty, types[kind]) for name, kind in past.items()}
    names = [value.name for value in session.get_outputs()]

    def call(ids, length, cache):
        feeds = {
            "inputs_embeds": rows(ids),
            "attention_mask": np.ones((1, length + len(ids)), np.int64),
            "position_ids": np.arange(length, length + len(ids))[None],
        }
        outputs = dict(zip(names, session.run(names, {**feeds, **cache})))
        present = {name.replace("present", "past_key_values"): value for name, value in outputs.items() if name != "logits"}
        last = outputs["logits"][0, -1].astype(np.float32)
        assert last.shape == (VOCABULARY,) and len(present) == 2 * LAYERS and np.isfinite(last).all()
        return present, {"likeliest": int(last.argmax()), "values": rounded(last[::LOGIT_STRIDE])}

    def run(calls, length, cache):
        found = []
        for ids in calls:
            for part in [ids[:1], ids[1:]] if shares_scale and length == 0 else [ids]:
                cache, last = call(part, length, cache)
                length += len(part)
            found.append({"ids": ids, **last})
        return found, cache

    prompt, after_prompt = run(STEPS[:1], 0, cache)
    steps, _ = run(STEPS[1:], len(PROMPT), after_prompt)
    fork, _ = run(FORK, len(PROMPT), after_prompt)
    return {"steps": prompt + steps, "fork": fork}
