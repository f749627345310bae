"""Learns the vocabulary and writes the text files of the model folder, in the shape transformers.js expects."""

import json

import numpy as np

import grammar
from backgrounds import COLOUR_NAMES
from model import Config
from objects import KIND_NAMES
from tokenizer import QWEN, Tokenizer

MERGES = 900
SYSTEM = "You are a helpful assistant."
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    f"{{{{ '<|im_start|>system\\n{SYSTEM}<|im_end|>\\n' }}}}{{% endif %}}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def sentences(count=12_000):
    """What the model will read and write, each kind of thing and each phrase about evenly often."""
    rng = np.random.default_rng(0)
    out = [f"system\n{SYSTEM}", "user\n", "assistant\n"] * count
    for _ in range(count):
        n = rng.choice([0, 1, 2, 3], p=[0.02, 0.38, 0.3, 0.3])
        kinds = [KIND_NAMES[i] for i in rng.choice(len(KIND_NAMES), n, replace=False)]
        scene = grammar.Scene(kinds, str(rng.choice(grammar.ARRANGEMENTS[n])), str(rng.choice(COLOUR_NAMES)))
        for question, answer in [*grammar.questions(rng, scene, 4), grammar.about(rng)]:
            out += [grammar.loosely(rng, question), answer]
    for question, answer in grammar.ABOUT.items():
        out += [question, answer] * 20
    return out + grammar.TWO_IMAGES * 50 + ["The first image shows a dog. The second image shows a car."] * 500


def main():
    tokenizer = Tokenizer.learned(sentences(), MERGES, QWEN)
    ids = tokenizer.vocabulary
    base = len(ids) - len(QWEN.special)
    flags = FLAGS
    split = {"type": "Split", "pattern": {"Regex": QWEN.split}, "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    write(QWEN.folder, "tokenizer.json", {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": ids[token], "content": token, **flags} for token in QWEN.special],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": {**byte_level, "trim_offsets": False},
        "decoder": {**byte_level, "add_prefix_space": False},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
            "fuse_unk": False, "byte_fallback": False,
            "vocab": {token: i for token, i in ids.items() if i < base},
            "merges": [" ".join(pair) for pair in tokenizer.ranks],
        },
    })  # fmt: skip
    write(QWEN.folder, "tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": False,
        "added_tokens_decoder": {ids[token]: {"content": token, **flags} for token in QWEN.special},
        "additional_special_tokens": list(QWEN.special[1:]),
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "clean_up_tokenization_spaces": False,
        "errors": "replace",
        "model_max_length": 2048,
        "split_special_tokens": False,
        "chat_template": CHAT_TEMPLATE,
    })  # fmt: skip
    config = Config()
    assert len(ids) <= config.vocab, "raise Config.vocab"
    ends = {"bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"], "pad_token_id": ids["<|endoftext|>"]}
    write(QWEN.folder, "config.json", {
        "architectures": ["LlavaQwen2ForCausalLM"],
        "model_type": "llava_qwen2",
        **ends,
        "hidden_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.hidden // config.heads,
        "intermediate_size": config.ffn,
        "hidden_act": "silu",
        "attention_dropout": 0.0,
        "rms_norm_eps": config.rms_eps,
        "rope_theta": config.rope_theta,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "use_cache": True,
        "vocab_size": config.vocab,
        "image_token_index": ids["<image>"],
        "mm_hidden_size": config.features,
        "mm_projector_type": "mlp2x_gelu",
        "mm_vision_tower": "fastvithd-tiny",
        "vision_widths": config.widths,
        "vision_blocks": config.blocks,
        "vision_head_dim": config.head_dim,
        "torch_dtype": "float32",
        "transformers.js_config": {"use_external_data_format": False},
    })  # fmt: skip
    write(QWEN.folder, "generation_config.json", {**ends, "do_sample": False, "max_new_tokens": 96})
    write(QWEN.folder, "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor",
        "processor_class": "LlavaProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": 256},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": 256, "width": 256},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.0, 0.0, 0.0],
        "image_std": [1.0, 1.0, 1.0],
    })  # fmt: skip
    write(QWEN.folder, "processor_config.json", {
        "processor_class": "LlavaProcessor",
        "image_token": "<image>",
        "patch_size": 64,
        "num_additional_image_tokens": 0,
        "vision_feature_select_strategy": "full",
    })  # fmt: skip
    print(f"{len(ids)} tokens, vocabulary {config.vocab}")


def write(folder, name, content):
    (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
