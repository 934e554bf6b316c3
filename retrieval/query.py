"""A question made ready for search: folded, mended, cut into words, put into official terms too."""

from dataclasses import dataclass

from retrieval.cues import Cue, asked
from retrieval.lexicon import Expansion, Lexicon
from retrieval.spelling import Mending, Speller
from retrieval.tokenize import Tokenizer


@dataclass(frozen=True, slots=True)
class Query:
    """What the indexes are asked.

    Attributes:
        text: The question, folded and mended; what the encoder reads, after `context`.
        context: What it follows on, such as the citizen's line before; empty for none.
        words: Words of the question.
        official: Words of the official terms its colloquial ones stand for.
        context_words: Words of the context and its official terms.
        terms: Official terms the question names as they are.
        cues: What kind of answer is wanted.
        expansions: Which colloquial words were put into which official terms.
        mendings: Which typing errors were mended.
    """

    text: str
    context: str
    words: tuple[str, ...]
    official: tuple[str, ...]
    context_words: tuple[str, ...]
    terms: tuple[str, ...]
    cues: Cue
    expansions: tuple[Expansion, ...]
    mendings: tuple[Mending, ...]

    @property
    def encoder_text(self) -> str:
        return f"{self.context} {self.text}".strip()


class QueryReader:
    """Makes Queries of questions."""

    def __init__(self, lexicon: Lexicon, tokenizer: Tokenizer) -> None:
        self._lexicon = lexicon
        self._tokenizer = tokenizer
        self._speller = Speller(lexicon, tokenizer)

    def read(self, question: str, *, context: str = "") -> Query:
        """Return the query for a question that follows on `context`."""
        folded = self._tokenizer.fold(question)
        text, mendings = self._speller.mend(folded)
        expansions = self._lexicon.expand(text)
        before = self._tokenizer.fold(context)
        return Query(
            text=text,
            context=before,
            words=self._unique(text),
            official=self._official(expansions, mendings),
            context_words=(*self._unique(before), *self._official(self._lexicon.expand(before), ())),
            terms=self._lexicon.named(text),
            cues=asked(text),
            expansions=expansions,
            mendings=mendings,
        )

    def _unique(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._tokenizer.words(text)))

    def _official(self, expansions: tuple[Expansion, ...], mendings: tuple[Mending, ...]) -> tuple[str, ...]:
        terms = [term for expansion in expansions for term in expansion.official]
        terms += [term for mending in mendings for term in mending.meant]
        return self._unique(" ".join(terms))
