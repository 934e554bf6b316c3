"""A question made ready for search: folded, mended, cut into words, put into official terms too."""

from dataclasses import dataclass

from retrieval.cues import Cue, asked
from retrieval.cutting import Cutting, Source
from retrieval.lexicon import Expansion, Lexicon
from retrieval.spelling import Mending, Speller, put_in
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
        mendings: Which typing errors were mended, those of the operators' table first.
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
    """Makes Queries of questions, for an index whose passages were cut as its lexicon says."""

    def __init__(
        self, lexicon: Lexicon, tokenizer: Tokenizer | None = None, speller: Speller | None = None
    ) -> None:
        self._lexicon = lexicon
        self.tokenizer = tokenizer or Tokenizer(lexicon.cutting)
        self._speller = speller or Speller(lexicon.cutting, self.tokenizer)

    @property
    def cutting(self) -> Cutting:
        """How questions are cut, and so how passages have to be."""
        return self._lexicon.cutting

    def with_words(self, lexicon: Lexicon) -> "QueryReader":
        """Return a reader with another lexicon's synonyms and typos that cuts as this one does."""
        return QueryReader(lexicon.cut_by(self.cutting), self.tokenizer, self._speller)

    def warm_up(self) -> None:
        """Load the dictionaries, those of sounds too, which otherwise happens under the first questions."""
        self.read("公级金提取 gongjijin")

    def read(self, question: str, *, context: str = "") -> Query:
        """Return the query for a question that follows on `context`."""
        text, mendings = self._mend(self.tokenizer.fold(question))
        expansions = self._lexicon.expand(text)
        before = self.tokenizer.fold(context)
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

    def _mend(self, folded: str) -> tuple[str, tuple[Mending, ...]]:
        known = tuple(
            Mending(found.start, found.matched, found.official, True, Source.OPERATORS)
            for found in self._lexicon.mend(folded)
        )
        text, by_sound = self._speller.mend(put_in(folded, known))
        return text, (*known, *by_sound)

    def _unique(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.tokenizer.words(text)))

    def _official(self, expansions: tuple[Expansion, ...], mendings: tuple[Mending, ...]) -> tuple[str, ...]:
        terms = [term for expansion in expansions for term in expansion.official]
        terms += [term for mending in mendings for term in mending.meant]
        return self._unique(" ".join(terms))
