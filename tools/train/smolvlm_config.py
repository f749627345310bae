"""Learns the vocabulary of the tiny SmolVLM and writes the text files of its model folder, as Hugging Face has them."""

from sequences import SMOLVLM_CHAT
from smolvlm_model import Config
from tokenizer import SMOLVLM, Tokenizer
from write_config import FLAGS, sentences, write

CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def texts():
    """The grammar's sentences as this family's chat writes them: answers and most questions begin with a space."""
    for text in sentences():
        for name, own in SMOLVLM_CHAT.names:
            text = text.replace(name, own)
        yield text
        yield " " + text
        yield "\n"
        yield "\n\n"  # before the picture as a whole
    yield from ["User:", "Assistant:", "System:"] * 50_000


def main():
    config = Config()
    merges = config.vocab - len(SMOLVLM.special) - 256
    tokenizer = Tokenizer.learned(texts(), merges, SMOLVLM)
    ids = tokenizer.vocabulary
    assert len(ids) == config.vocab, f"{len(ids)} tokens"
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    first_image_token = ids[SMOLVLM.last[0]]
    save = lambda name, content: write(SMOLVLM.folder, name, content)
    save("tokenizer.json", {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": ids[token], "content": token, **FLAGS} for token in SMOLVLM.special],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: i for token, i in ids.items() if i < first_image_token},
            "merges": [" ".join(pair) for pair in tokenizer.ranks],
        },
    })  # fmt: skip
    save("tokenizer_config.json", {
        "tokenizer_class": "GPT2Tokenizer",
        "processor_class": "Idefics3Processor",
        "add_prefix_space": False,
        "added_tokens_decoder": {ids[token]: {"content": token, **FLAGS} for token in SMOLVLM.special},
        "additional_special_tokens": ["<fake_token_around_image>", "<image>", "<end_of_utterance>"],
        "bos_token": "<|im_start|>",
        "eos_token": "<end_of_utterance>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "clean_up_tokenization_spaces": False,
        "legacy": False,
        "model_max_length": config.positions,
        "truncation_side": "left",
        "vocab_size": config.vocab,
        "chat_template": CHAT_TEMPLATE,
    })  # fmt: skip
    save("chat_template.json", {"chat_template": CHAT_TEMPLATE})
    start, pad, end = ids["<|im_start|>"], ids["<|im_end|>"], ids["<end_of_utterance>"]
    save("config.json", {
        "architectures": ["Idefics3ForConditionalGeneration"],
        "model_type": "idefics3",
        "image_token_id": ids["<image>"],
        "scale_factor": config.shuffle,
        "text_config": {
            "architectures": ["VLlama3ForCausalLM"],
            "model_type": "llama",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "bos_token_id": start,
            "eos_token_id": pad,
            "pad_token_id": pad,
            "head_dim": config.hidden // config.heads,
            "hidden_act": "silu",
            "hidden_size": config.hidden,
            "intermediate_size": config.ffn,
            "max_position_embeddings": config.positions,
            "mlp_bias": False,
            "num_attention_heads": config.heads,
            "num_hidden_layers": config.layers,
            "num_key_value_heads": config.kv_heads,
            "pretraining_tp": 1,
            "rms_norm_eps": config.rms_eps,
            "rope_scaling": None,
            "rope_theta": config.rope_theta,
            "tie_word_embeddings": False,
            "use_cache": True,
            "vocab_size": config.vocab,
        },
        "vision_config": {
            "model_type": "idefics3",
            "attention_dropout": 0.0,
            "hidden_act": "gelu_pytorch_tanh",
            "hidden_size": config.width,
            "image_size": config.tile,
            "intermediate_size": config.vision_ffn,
            "layer_norm_eps": config.layer_norm_eps,
            "max_image_size": {"longest_edge": config.tile},
            "num_attention_heads": config.vision_heads,
            "num_channels": 3,
            "num_hidden_layers": config.blocks,
            "patch_size": config.patch,
            "size": {"longest_edge": config.longest_edge},
            "tie_word_embeddings": False,
        },
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "use_cache": True,
        "vocab_size": config.vocab,
        "transformers.js_config": {"use_external_data_format": False},
    })  # fmt: skip
    save("generation_config.json", {"bos_token_id": ids["<|endoftext|>"], "eos_token_id": end, "pad_token_id": pad})
    save("preprocessor_config.json", {
        "image_processor_type": "Idefics3ImageProcessor",
        "processor_class": "Idefics3Processor",
        "do_convert_rgb": True,
        "do_image_splitting": True,
        "do_normalize": True,
        "do_pad": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "max_image_size": {"longest_edge": config.tile},
        "resample": 1,
        "rescale_factor": 1 / 255,
        "size": {"longest_edge": config.longest_edge},
    })  # fmt: skip
    save("processor_config.json", {"processor_class": "Idefics3Processor", "image_seq_len": config.tile_tokens})
    print(f"{len(ids)} tokens")


if __name__ == "__main__":
    main()
