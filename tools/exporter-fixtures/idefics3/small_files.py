"""A tokenizer of SmolVLM's kind with a vocabulary of a few hundred, and the small files that lie beside the graphs."""

import json

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from sizes import IMAGE_TOKEN, POSITIONS, ROPE_THETA, SHUFFLE
from sizes import TEXT, TILE, TOKENS, VISION, VOCABULARY

FIRST = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ROWS = 6
LAST = [
    "<global-img>",
    *(f"<row_{row}_col_{column}>" for row in range(1, ROWS + 1) for column in range(1, ROWS + 1)),
    "<fake_token_around_image>",
    "<image>",
    "<end_of_utterance>",
]
END_OF_TEXT, _, PADDING = range(len(FIRST))
END_OF_UTTERANCE = VOCABULARY - 1
LONGEST_EDGE = 4 * TILE

# The vocabulary is learned from these, so that a prompt is not one token a letter.
SENTENCES = [
    "User: Assistant: System:",
    "Describe this image in one short sentence.",
    "Can you describe this image? What is on the left of it? What is on the right?",
    "There is a small red house beside a tall green tree, and a blue boat on the water.",
]

CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def control(content):
    return AddedToken(content, normalized=False, special=True)


def learn_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(LAST),
        special_tokens=[control(token) for token in FIRST],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([control(token) for token in LAST])
    assert tokenizer.get_vocab_size() == VOCABULARY, tokenizer.get_vocab_size()
    assert tokenizer.token_to_id("<image>") == IMAGE_TOKEN
    return tokenizer


def write_tokenizer(folder):
    learn_tokenizer().save(str(folder / "tokenizer.json"))
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    ids = [*range(len(FIRST)), *range(VOCABULARY - len(LAST), VOCABULARY)]
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "added_tokens_decoder": {str(id): {"content": token, **flags} for id, token in zip(ids, FIRST + LAST)},
            "additional_special_tokens": LAST[-3:],
            "bos_token": "<|im_start|>",
            "chat_template": CHAT_TEMPLATE,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<end_of_utterance>",
            "model_max_length": POSITIONS,
            "pad_token": "<|im_end|>",
            "processor_class": "Idefics3Processor",
            "tokenizer_class": "GPT2Tokenizer",
            "truncation_side": "left",
            "unk_token": "<|endoftext|>",
        },
    )


def write_configs(folder):
    float16 = {"transformers.js_config": {"kv_cache_dtype": {"fp16": "float16", "q4f16": "float16"}}}
    write_json(
        folder / "config.json",
        {
            "architectures": ["Idefics3ForConditionalGeneration"],
            "image_token_id": IMAGE_TOKEN,
            "model_type": "idefics3",
            "scale_factor": SHUFFLE,
            "text_config": {
                **TEXT,
                "architectures": ["VLlama3ForCausalLM"],
                "model_type": "llama",
                "hidden_act": "silu",
                "rope_theta": ROPE_THETA,
                "pixel_shuffle_factor": SHUFFLE,
                **float16,
            },
            "tie_word_embeddings": False,
            **float16,
            "vision_config": {
                **VISION,
                "hidden_act": "gelu_pytorch_tanh",
                "layer_norm_eps": 1e-06,
                "max_image_size": {"longest_edge": TILE},
                "model_type": "idefics3",
                "size": {"longest_edge": LONGEST_EDGE},
            },
            "vocab_size": VOCABULARY,
        },
    )
    ids = {"bos_token_id": END_OF_TEXT, "eos_token_id": END_OF_UTTERANCE, "pad_token_id": PADDING}
    write_json(folder / "generation_config.json", {"_from_model_config": True, **ids})
    write_json(
        folder / "preprocessor_config.json",
        {
            "do_convert_rgb": True,
            "do_image_splitting": True,
            "do_normalize": True,
            "do_pad": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_processor_type": "Idefics3ImageProcessor",
            "image_std": [0.5, 0.5, 0.5],
            "max_image_size": {"longest_edge": TILE},
            "processor_class": "Idefics3Processor",
            "resample": 1,
            "rescale_factor": 1 / 255,
            "size": {"longest_edge": LONGEST_EDGE},
        },
    )
    write_json(folder / "processor_config.json", {"image_seq_len": TOKENS, "processor_class": "Idefics3Processor"})


def write_json(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
