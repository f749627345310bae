"""Writes `e2e/fixtures/exporter-decoders`: one tiny Qwen2 as several official exporters write it, and what it must answer.

    python tools/exporter-fixtures/other_exports.py OUT

See the README beside the files for the versions. The builder needs transformers 5, optimum-onnx one below 4.58: run it
once in each environment, with the name of what to write.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
import torch

import tiny_qwen2 as tiny

WORK = Path(tempfile.gettempdir()) / "fastvlm-kit-exports"


def weights():
    """The trained weights, as a folder that exporters take."""
    folder = WORK / "qwen2"
    if not folder.exists():
        model = tiny.train()
        model.save_pretrained(folder)
        tiny.write_json(WORK / "expected.json", tiny.expectations(model))
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tiny.TOKENIZER.parent / name, folder / name)
    return folder


def geometry():
    """Heads as in FastVLM-1.5B, 12 and 2 of 128, on a narrow model of random weights."""
    from transformers import Qwen2ForCausalLM

    folder = WORK / "heads-of-1.5b"
    if not folder.exists():
        torch.manual_seed(15)
        config = tiny.config()
        config.update(
            {"num_attention_heads": 12, "num_key_value_heads": 2, "head_dim": 128, "vocab_size": 512, "max_position_embeddings": 64, "initializer_range": 0.3,
             "bos_token_id": None, "eos_token_id": 1, "pad_token_id": None}
        )
        Qwen2ForCausalLM(config).save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tiny.TOKENIZER.parent / name, folder / name)
    return folder


def build(source, precision, *options):
    """A decoder of onnxruntime-genai's builder: `model.onnx` and its `model.onnx.data`."""
    out = Path(tempfile.mkdtemp(dir=WORK))
    extra = ["exclude_embeds=true", *options]
    command = ["-m", "onnxruntime_genai.models.builder", "-i", source, "-o", out, "-p", precision]
    command += ["-e", "webgpu", "-c", out / "cache", "--extra_options", *extra]
    subprocess.run([sys.executable, *map(str, command)], check=True)
    return out


def save(model, path, parts=()):
    """`path` and beside it `.onnx_data`, as transformers.js has them; `parts` names tensors of further files."""
    location = path.name + "_data"
    onnx.external_data_helper.convert_model_to_external_data(
        model, all_tensors_to_one_file=True, location=location, size_threshold=64, convert_attribute=False
    )
    for index, names in enumerate(parts, 1):
        for tensor in model.graph.initializer:
            if tensor.name in names:
                onnx.external_data_helper.set_external_data(tensor, f"{location}_{index}")
    for stale in path.parent.glob(location + "*"):
        stale.unlink()
    onnx.save(model, path)


def write_builder(out):
    """The builder of 2026 as it writes its files, and with weights in two files beside the graph."""
    int4 = build(weights(), "int4", "use_webgpu_fp32=true")
    for name, to in (("model.onnx", "decoder_builder_q4.onnx"), ("model.onnx.data", "model.onnx.data")):
        shutil.copy(int4 / name, out / "onnx" / to)
    # Exporters that use transformers 5 write the template into a file of its own.
    shutil.copy(int4 / "chat_template.jinja", out / "chat_template.jinja")
    shutil.copy(int4 / "tokenizer_config.json", out / "tokenizer_config.json")
    pruned = onnx.load(build(weights(), "fp32", "prune_lm_head=true") / "model.onnx")
    save(pruned, out / "onnx/decoder_pruned.onnx", [["lm_head.MatMul.weight"]])
    shutil.copy(WORK / "expected.json", out / "expected.json")

    wide = build(geometry(), "int4", "use_webgpu_fp32=true")
    model = onnx.load(wide / "model.onnx")
    onnx.save(model, out / "onnx/decoder_heads_q4.onnx")
    write_logits(out)


def write_logits(out):
    """What onnxruntime computes of the file with the heads of 1.5B: behind a prompt, and behind one more token."""
    import numpy as np
    import onnxruntime

    model = onnx.load(out / "onnx/decoder_heads_q4.onnx")
    for node in model.graph.node:
        # Level 4 rounds activations to 8 bits on native CPUs, and nowhere else.
        for level in [one for one in node.attribute if one.name == "accuracy_level"]:
            node.attribute.remove(level)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    embeds = np.random.default_rng(3).standard_normal((1, 9, 32)).astype(np.float32)
    feeds = {"inputs_embeds": embeds, "attention_mask": np.ones((1, 9), np.int64)}
    for one in session.get_inputs():
        if one.name.startswith("past"):
            feeds[one.name] = np.zeros((1, 2, 0, 128), np.float32)
    logits = session.run(["logits"], feeds)[0][0]
    rounded = lambda values: [round(float(one), 4) for one in values.ravel()]
    content = {"embeds": rounded(embeds), "logits": {"8": rounded(logits[7]), "9": rounded(logits[8])}}
    (out / "heads.json").write_text(json.dumps(content) + "\n")


def write_plain(out):
    """What is exported by torch itself and by optimum: encoder, embedding, a decoder of plain operators."""
    from transformers import Qwen2ForCausalLM

    model = Qwen2ForCausalLM.from_pretrained(weights()).eval()
    write_embedding(model, out)
    write_encoder(out)
    write_optimum(model, out)
    config = model.config.to_dict()
    nested = ("max_position_embeddings", "eos_token_id", "hidden_size", "num_attention_heads")
    text = {"model_type": "qwen2", **{name: config[name] for name in nested}}
    tiny.write_json(out / "config.json", {"model_type": "fast_vlm", "text_config": text})


def write_embedding(model, out):
    path = WORK / "embed_tokens.onnx"
    torch.onnx.export(
        model.get_input_embeddings().eval(),
        (torch.zeros(2, 3, dtype=torch.int64),),
        path,
        dynamo=True,
        input_names=["input_ids"],
        output_names=["inputs_embeds"],
        dynamic_shapes={"input": {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}},
    )
    save(onnx.load(path), out / "onnx/embed_tokens.onnx")


def write_encoder(out):
    """No FastViTHD: a few convolutions with its inputs and outputs, so that a whole model can be loaded."""
    torch.manual_seed(3)
    conv = torch.nn.Conv2d
    layers = [conv(3, 8, 4, 4), torch.nn.GELU(), conv(8, 16, 4, 4), torch.nn.GELU(), conv(16, 32, 4, 4)]

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(*layers)

        def forward(self, pixel_values):
            return self.layers(pixel_values).flatten(2).transpose(1, 2)

    auto = torch.export.Dim.AUTO
    path = WORK / "vision_encoder.onnx"
    torch.onnx.export(
        Encoder().eval(),
        (torch.rand(2, 3, 128, 192),),
        path,
        dynamo=True,
        input_names=["pixel_values"],
        output_names=["image_features"],
        dynamic_shapes={"pixel_values": {0: auto, 2: auto, 3: auto}},
    )
    onnx.save(onnx.load(path), out / "onnx/vision_encoder.onnx")


def write_optimum(model, out):
    from optimum.exporters.onnx import export
    from optimum.exporters.onnx.model_configs import Qwen2OnnxConfig

    class WithEmbeds(Qwen2OnnxConfig):
        """Takes embeddings in the place of ids, as decoders of models that see pictures do."""

        takes_ids = False

        @property
        def inputs(self):
            axes = super().inputs
            if not self.takes_ids:
                axes["inputs_embeds"] = axes.pop("input_ids")
            return axes

        def generate_dummy_inputs(self, framework="pt", **shapes):
            self.takes_ids = True
            inputs = super().generate_dummy_inputs(framework, **shapes)
            self.takes_ids = False
            inputs["inputs_embeds"] = torch.randn(*inputs.pop("input_ids").shape, 32)
            return inputs

    config = WithEmbeds(model.config, task="text-generation", use_past=True, use_past_in_inputs=True)
    export(model, config, WORK / "decoder.onnx", opset=18)
    onnx.save(onnx.load(WORK / "decoder.onnx"), out / "onnx/decoder_optimum.onnx")


if __name__ == "__main__":
    what, out = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    WORK.mkdir(exist_ok=True)
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    {"builder": write_builder, "plain": write_plain}[what](out)
