"""Small cross-encoders made on the spot: a tokenizer of single characters and a BERT of one layer."""

from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer, models, pre_tokenizers, processors

if TYPE_CHECKING:
    from transformers import BertForSequenceClassification

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CHARACTERS = "登记应当在三日内办理费每年二百元逾期的处罚款不收多少钱"


def save_cross_encoder(folder: Path, *, prefers: str = "", labels: int = 1) -> Path:
    """Save a model with random weights; or, with `prefers`, one that scores higher where this stands.

    Of the latter nothing is random: the embedding of the preferred character alone has a first element, the
    one layer adds to the first token's what it averages over all tokens, and the score is that element.
    """
    # Loaded by those who use it: to collect the tests is not to wait seconds for torch.
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *dict.fromkeys(CHARACTERS)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder)
    torch.manual_seed(4)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=16,
            max_position_embeddings=64,
            initializer_range=0.5,
            id2label={number: str(number) for number in range(labels)},
        )
    )
    if prefers:
        _prefer(model, vocabulary[prefers])
    model.save_pretrained(folder)
    return folder


def _prefer(model: "BertForSequenceClassification", token: int) -> None:
    import torch

    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, values in weights.items():
            values.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        # Every token has elements of its own; the preferred one differs in the first.
        embeddings = weights["bert.embeddings.word_embeddings.weight"]
        embeddings[:, 1] = 1.0
        embeddings[token, 0] = 4.0
        for name in ("attention.self.value", "attention.output.dense"):
            weights[f"bert.encoder.layer.0.{name}.weight"].copy_(torch.eye(16))
        weights["bert.pooler.dense.weight"].copy_(torch.eye(16))
        weights["classifier.weight"][0, 0] = 1.0
