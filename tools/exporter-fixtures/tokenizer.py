"""A tokenizer of Qwen2's kind with a vocabulary of a few hundred, and the small files that lie beside the graphs."""

import json

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import AddedToken

from sizes import FEED_FORWARD, HEADS, HIDDEN, IMAGE_SIZE, KV_HEADS, LAYERS, POSITIONS, VOCABULARY

CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"]
FIRST_CONTROL = VOCABULARY - len(CONTROL_TOKENS)
END_OF_TEXT, _, END_OF_TURN, IMAGE = range(FIRST_CONTROL, VOCABULARY)

# Qwen2's rule for where a word may be cut.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# The vocabulary is learned from these, so that a prompt is not one token a letter.
SENTENCES = [
    "You are a helpful assistant.",
    "system user assistant",
    "Describe this image in one short sentence.",
    "Describe this image in detail.",
    "Write alt text for this image.",
    "What is on the left of the picture? What is on the right?",
    "How many things are there? What color is the background?",
    "There is a small red house beside a tall green tree, and a blue boat on the water.",
    "The picture shows two people who walk along a road in the rain.",
]

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def control(content):
    return AddedToken(content, normalized=False, special=True)


def learn_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=FIRST_CONTROL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([control(token) for token in CONTROL_TOKENS])
    assert tokenizer.get_vocab_size() == VOCABULARY, tokenizer.get_vocab_size()
    return tokenizer


def write_tokenizer(folder):
    folder.mkdir(parents=True, exist_ok=True)
    learn_tokenizer().save(str(folder / "tokenizer.json"))
    described = {
        str(FIRST_CONTROL + index): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for index, token in enumerate(CONTROL_TOKENS)
    }
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "added_tokens_decoder": described,
            "additional_special_tokens": CONTROL_TOKENS[1:],
            "bos_token": None,
            "chat_template": CHAT_TEMPLATE,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "errors": "replace",
            "model_max_length": POSITIONS,
            "pad_token": "<|endoftext|>",
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        },
    )


def write_configs(folder):
    ids = {"bos_token_id": END_OF_TEXT, "eos_token_id": END_OF_TURN}
    write_json(
        folder / "config.json",
        {
            "architectures": ["LlavaQwen2ForCausalLM"],
            "model_type": "llava_qwen2",
            **ids,
            "hidden_act": "silu",
            "hidden_size": HIDDEN,
            "image_token_index": IMAGE,
            "intermediate_size": FEED_FORWARD,
            "max_position_embeddings": POSITIONS,
            "mm_projector_type": "mlp2x_gelu",
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "num_key_value_heads": KV_HEADS,
            "rms_norm_eps": 1e-06,
            "rope_theta": 1000000.0,
            "tie_word_embeddings": True,
            "use_cache": True,
            "use_sliding_window": False,
            "vocab_size": VOCABULARY,
            "transformers.js_config": {"use_external_data_format": False},
        },
    )
    write_json(folder / "generation_config.json", {**ids, "pad_token_id": END_OF_TEXT})
    write_json(
        folder / "preprocessor_config.json",
        {
            "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
            "do_center_crop": True,
            "do_convert_rgb": True,
            "do_normalize": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.0, 0.0, 0.0],
            "image_processor_type": "CLIPImageProcessor",
            "image_std": [1.0, 1.0, 1.0],
            "processor_class": "LlavaProcessor",
            "resample": 3,
            "rescale_factor": 1 / 255,
            "size": {"shortest_edge": IMAGE_SIZE},
        },
    )
    write_json(
        folder / "processor_config.json",
        {
            "image_token": "<image>",
            "num_additional_image_tokens": 0,
            "patch_size": 64,
            "processor_class": "LlavaProcessor",
            "vision_feature_select_strategy": "full",
        },
    )


def write_json(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
