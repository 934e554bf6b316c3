"""A tokenizer of a dozen letters, for models so small that a test can make them."""

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

ALPHABET = ["<s>", "<pad>", "</s>", "<unk>", "问", "文", "：", "东", "西", "南", "北", " "]


def letter_tokenizer() -> Tokenizer:
    """One token a character, between <s> and </s>."""
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(ALPHABET)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\s"), "removed"), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer
