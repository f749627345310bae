"""Writes e2e/fixtures/exported-fastvlm: a small FastVLM from the official exporters, and the numbers it has to give."""

import argparse
import importlib.metadata
import json
import logging
import shutil
import tempfile
from pathlib import Path

import onnx
import onnxslim

import quantize
import reference
from embedding import export_embedding
from export import export_encoder
from fastvithd import random_encoder
from language_model import build_decoder, random_language_model
from sizes import FOLDER, SEED
from tokenizer import write_configs, write_tokenizer

PACKAGES = ["torch", "onnx", "onnxscript", "onnxruntime", "onnxruntime-genai", "onnxslim", "onnxconverter-common", "transformers"]


def main():
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    out = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    graphs = out / "onnx"
    graphs.mkdir(parents=True)
    write_tokenizer(out)
    write_configs(out)
    with tempfile.TemporaryDirectory() as name:
        found = write_graphs(Path(name), graphs)
    found["versions"] = {package: importlib.metadata.version(package) for package in PACKAGES}
    (out / "reference.json").write_text(json.dumps(found) + "\n")
    for path in sorted(out.rglob("*")):
        if path.is_file():
            print(f"{path.relative_to(out)}  {path.stat().st_size / 1e3:.0f} kB")


def write_graphs(work, graphs):
    """Writes every graph; what each has to give."""
    encoder = random_encoder(SEED)
    language_model = random_language_model(SEED)

    def save(model, name):
        path = graphs / f"{name}.onnx"
        onnx.save(model, path)
        return path

    # Loading brings the weights in from the file beside the graph, and marks each with its `data_location`.
    export_encoder(encoder, work / "vision_encoder.onnx")
    save(onnx.load(work / "vision_encoder.onnx"), "vision_encoder")
    save(onnxslim.slim(onnx.load(work / "vision_encoder.onnx")), "vision_encoder_slimmed")
    save(quantize.half(work / "vision_encoder.onnx"), "vision_encoder_fp16")

    export_embedding(language_model.model.embed_tokens.weight, work / "embed_tokens.onnx")
    embeddings = {
        "fp16": save(quantize.half(work / "embed_tokens.onnx"), "embed_tokens_fp16"),
        "int8": save(quantize.eight_bits(work / "embed_tokens.onnx", "int8"), "embed_tokens_int8"),
    }

    fp32 = build_decoder(language_model, work, "fp32")
    fp16 = build_decoder(language_model, work, "fp16")
    inline = save(onnx.load(fp32), "decoder_model_merged")
    named = lambda dtype: f"decoder_model_merged_{dtype}"
    decoders = {
        "fp32": inline,
        "fp16": save(quantize.float_ends(onnx.load(fp16)), named("fp16")),
        "int8": save(quantize.eight_bits(inline, "int8"), named("int8")),
        "uint8": save(quantize.eight_bits(inline, "uint8"), named("uint8")),
        "q4": save(quantize.four_bits(onnx.load(inline)), named("q4")),
        "q4f16": save(quantize.four_bits(quantize.float_ends(onnx.load(fp16))), named("q4f16")),
    }
    return {
        "features": reference.features(encoder),
        "embeddings": {
            "ids": reference.EMBEDDED_IDS,
            "stride": 8,
            **{dtype: reference.embeddings(path) for dtype, path in embeddings.items()},
        },
        "logits": {
            "stride": reference.LOGIT_STRIDE,
            **{dtype: reference.logits(path) for dtype, path in decoders.items()},
        },
    }


if __name__ == "__main__":
    main()
