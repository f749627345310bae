"""
Numbers that the kit has to find in these files. PyTorch gives them for everything in float32: features of tiles, logits
after an image and text, and the greedy answer of `generate`. For decoders with rounded weights native ONNX Runtime does.

Inputs are formulas, so that a test can make them again: `packages/web/test/exported-idefics3.ts` has the same ones.
"""

import math

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from sizes import HEAD_SIZE, HIDDEN, IMAGE_TOKEN, KV_HEADS, LAYERS, TILE, TOKENS, VOCABULARY

TILES = 3
PROMPT = [1, 250, 3, 77, 300, 42, 5, 199, 120, 64, 8, 31]
# Calls on a cache, one after the other. Then another sequence goes on from where the prompt ended.
STEPS = [PROMPT, [44], [45], [46, 47, 48], [49]]
FORK = [[60, 61], [62]]
# Text, so many tiles, and text again.
BEFORE = [1, 20, 21, 340]
AFTER = [22, 23, 24]
ANSWER = 12
# Each reference is the value at every nth place, which is odd so that all columns are seen.
FEATURE_STRIDE = 7
LOGIT_STRIDE = 8


def rounded(values):
    return [float(f"{value:.7g}") for value in np.asarray(values, np.float64).reshape(-1)]


def rows(ids):
    """Stand-ins for embeddings."""
    return np.array([[[0.3 * math.sin(1.7 * id + 0.9 * column) for column in range(HIDDEN)] for id in ids]], np.float32)


def of_torch(model):
    """What the class of transformers computes."""
    import torch

    from model import tile

    pixels = torch.stack([tile(index, TILE) for index in range(TILES)])[None]
    mask = torch.ones(1, TILES, TILE, TILE, dtype=torch.bool)
    with torch.no_grad():
        states = model.model.get_image_features(pixels, mask)
        features = torch.cat(list(states.pooler_output)).reshape(TILES, TOKENS, HIDDEN)
        ids = torch.tensor([BEFORE + [IMAGE_TOKEN] * (TILES * TOKENS) + AFTER])
        inputs = {"input_ids": ids, "pixel_values": pixels, "pixel_attention_mask": mask, "attention_mask": torch.ones_like(ids)}
        logits = model(**inputs).logits[0, -1]
        answer = model.generate(**inputs, max_new_tokens=ANSWER, min_new_tokens=ANSWER, do_sample=False)[0, ids.shape[1] :]
        text = model.model.text_model
        embeds = torch.from_numpy(rows(PROMPT))
        prompt = model.lm_head(text(inputs_embeds=embeds).last_hidden_state)[0, -1]
    return {
        "features": {"stride": FEATURE_STRIDE, "tiles": [rounded(one.reshape(-1)[::FEATURE_STRIDE]) for one in features]},
        "question": {"before": BEFORE, "after": AFTER, "logits": rounded(logits[::LOGIT_STRIDE]), "answer": answer.tolist()},
        "promptLogits": rounded(prompt[::LOGIT_STRIDE]),
    }


def exact_products(model):
    """
    The same products of integers, with weights moved from int8 to uint8. On a CPU without VNNI, native ONNX Runtime adds
    pairs of int8 products in 16 bits and cuts off what is too large; its WebAssembly build does not.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    names = {name for node in model.graph.node if node.op_type.endswith("Integer") for name in (node.input[1], node.input[3])}
    for name in names:
        values = numpy_helper.to_array(tensors[name])
        if values.dtype == np.int8:
            moved = (values.astype(np.int16) + 128).astype(np.uint8)
            tensors[name].CopyFrom(numpy_helper.from_array(moved, name))
    return model


def open_session(path):
    return open_model(onnx.load(path))


def open_model(model):
    model = exact_products(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def tiles():
    """The same tiles as `model.tile` makes: [tiles, 3, side, side]."""
    y, x = np.meshgrid(np.arange(TILE), np.arange(TILE), indexing="ij")
    planes = [
        0.6 * np.sin((2 * channel + 3 + index) * x / TILE + 4 * y / TILE) + 0.4 * np.sin(0.7 * x + (channel + 1) * 1.3 * y + index)
        for index in range(TILES)
        for channel in range(3)
    ]
    return np.stack(planes).reshape(TILES, 3, TILE, TILE).astype(np.float32)


def features(path):
    """Of each tile in a run of its own, since a scale of 8 bits is one for all that is in a run."""
    session = open_session(path)
    mask = np.ones((1, 1, TILE, TILE), bool)
    runs = [session.run(None, {"pixel_values": one[None, None], "pixel_attention_mask": mask})[0] for one in tiles()]
    return [rounded(one.reshape(-1)[::FEATURE_STRIDE]) for one in runs]


def logits(path):
    model = onnx.load(path)
    session = open_model(model)
    # The kit runs the first position by itself where all positions of a run share one scale.
    shares_scale = any(node.op_type == "DynamicQuantizeLinear" for node in model.graph.node)
    types = {"tensor(float16)": np.float16, "tensor(float)": np.float32}
    past = {value.name: value.type for value in session.get_inputs() if value.name.startswith("past")}
    cache = {name: np.zeros((1, KV_HEADS, 0, HEAD_SIZE), types[kind]) for name, kind in past.items()}
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
