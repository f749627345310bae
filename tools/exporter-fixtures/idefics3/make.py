"""
Writes e2e/fixtures/exported-idefics3: a small Idefics3, the class of SmolVLM, from the official exporters, and the
numbers it has to give. Two environments are needed, because no one release of transformers serves both tools:

    python tools/exporter-fixtures/idefics3/make.py graphs     # transformers 5: encoder, embeddings, torch's numbers
    python tools/exporter-fixtures/idefics3/make.py decoders   # transformers 4.55: the model builder, 8 and 4 bits

Answers to the kit's own prompts and pixels are added to reference.json by

    node --import tsx packages/web/test/write-idefics3-questions.ts FOLDER
    python tools/exporter-fixtures/idefics3/make.py answers --questions FOLDER   # transformers 5
"""

import argparse
import importlib.metadata
import json
import logging
import sys
import tempfile
from pathlib import Path

import onnx
import onnxslim

from sizes import FOLDER

WORK = Path(tempfile.gettempdir()) / "exported-idefics3"
GRAPHS = FOLDER / "onnx"
PACKAGES = ["torch", "onnx", "onnxscript", "onnxruntime", "onnxslim", "onnxconverter-common", "transformers"]


def save(model, name):
    path = GRAPHS / f"{name}.onnx"
    onnx.save(model, path)
    return path


def write_graphs():
    """What PyTorch exports; the decoder's weights for the other environment."""
    from safetensors.torch import save_file

    import reference
    from embedding import export_embedding
    from model import random_model
    from vision import export_followed, export_traced

    model = random_model()
    found = reference.of_torch(model)
    text = {f"model.{name}": value for name, value in model.model.text_model.state_dict().items()}
    save_file({**text, "lm_head.weight": model.lm_head.weight.detach().clone()}, WORK / "decoder.safetensors")

    export_embedding(model.model.text_model.embed_tokens.weight, WORK / "embed_tokens.onnx")
    save(onnxslim.slim(export_followed(model, WORK / "followed.onnx")), "vision_encoder_dynamo")
    # Last, because the module with the float positions is exchanged for it.
    save(onnxslim.slim(export_traced(model, WORK / "traced.onnx")), "vision_encoder")
    note("torch", found)


def write_answers(questions):
    """What PyTorch answers to the kit, from the same weights."""
    import answers
    import reference
    from model import random_model

    model = random_model()
    known = json.loads((FOLDER / "reference.json").read_text())["torch"]
    assert reference.of_torch(model) == known, "other weights than those of the graphs"
    note("answers", answers.of_torch(model, questions))


def write_decoders():
    """The builder's decoder, and the steps that make 8 and 4 bits of every graph."""
    import quantize
    import reference
    from decoder import build, save_language_model
    from small_files import write_configs, write_tokenizer

    write_tokenizer(FOLDER)
    write_configs(FOLDER)

    embed = onnx.load(WORK / "embed_tokens.onnx")
    onnx.save(embed, WORK / "embed_inline.onnx")
    save(quantize.eight_bits(WORK / "embed_inline.onnx", "int8"), "embed_tokens_int8")

    vision = GRAPHS / "vision_encoder.onnx"
    encoders = {
        "int8": save(quantize.eight_bits(vision, "int8"), "vision_encoder_int8"),
        "q4": save(quantize.four_bits(onnx.load(vision)), "vision_encoder_q4"),
        "q4f16": save(quantize.four_bits(half(vision)), "vision_encoder_q4f16"),
    }

    source = WORK / "llama"
    save_language_model(WORK / "decoder.safetensors", source)
    fp32, fp16 = build(source, WORK, "fp32"), build(source, WORK, "fp16")
    inline = save(onnx.load(fp32), "decoder_model_merged")
    named = lambda dtype: f"decoder_model_merged_{dtype}"
    decoders = {
        "fp32": inline,
        "int8": save(quantize.eight_bits(inline, "int8"), named("int8")),
        "q4": save(quantize.four_bits(onnx.load(inline)), named("q4")),
        "q4f16": save(quantize.four_bits(quantize.float_ends(onnx.load(fp16))), named("q4f16")),
    }
    note("features", {dtype: reference.features(path) for dtype, path in encoders.items()})
    note("logits", {"stride": reference.LOGIT_STRIDE, **{dtype: reference.logits(path) for dtype, path in decoders.items()}})


def half(path):
    """
    float16 inside, float32 at the ends. The converter of `onnxconverter_common`, which FastVLM's encoder goes through,
    leaves casts to float32 in the middle of this graph, where nothing else is float32. ONNX Runtime's own does not.
    """
    from onnxruntime.transformers import float16

    return onnxslim.slim(float16.convert_float_to_float16(onnx.load(path), keep_io_types=True))


def note(name, found):
    """Adds to reference.json, which both environments write."""
    path = FOLDER / "reference.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    packages = PACKAGES + (["onnxruntime-genai"] if name == "logits" else [])
    known[name] = found
    known.setdefault("versions", {})[name] = {package: importlib.metadata.version(package) for package in packages}
    path.write_text(json.dumps(known) + "\n")


def main():
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["graphs", "decoders", "answers"])
    parser.add_argument("--questions", type=Path, help="for answers: the folder that write-idefics3-questions.ts wrote")
    options = parser.parse_args()
    GRAPHS.mkdir(parents=True, exist_ok=True)
    WORK.mkdir(exist_ok=True)
    # Quantising and the export of a table are those of FastVLM's fixtures.
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    steps = {"graphs": write_graphs, "decoders": write_decoders, "answers": lambda: write_answers(options.questions)}
    steps[options.what]()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            print(f"{path.relative_to(FOLDER)}  {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
