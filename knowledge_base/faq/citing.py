"""Sources of answers: read from `《标题》第X条`, found in the documents, followed through their versions."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher, get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge_base.database import ChunkRow, DocumentRow, VersionRow
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import CitedPassage, FaqSource, Proposal
from knowledge_base.legal_effect import normalise_title
from knowledge_base.records import ChunkKind
from knowledge_base.regions import specificity, visible
from knowledge_base.structure import chinese_number
from knowledge_base.visibility import may_show

_REFERENCE = re.compile(r"《(?P<title>.+)》\s*(?:[（(](?P<number>[^（）()]*号)[）)])?(?P<place>[^《》]*)")
_ATTACHMENT = re.compile(r"附件[\d一二三四五六七八九十]*")
_ORDINAL = re.compile(r"第([零〇一二三四五六七八九十百千\d]+)(?=条)")
_NUMBERING = re.compile(
    r"^(?:[一二三四五六七八九十百]+、|第\S+?[编章节]|[（(][一二三四五六七八九十\d]+[）)]|\d+[.、．])"
)
_NEAR_TITLES = 3
_ALIKE = 0.3  # below this share of common characters a passage of the successor is no successor of the words


Passages = dict[tuple[int, str], CitedPassage | None]


@dataclass(frozen=True, slots=True)
class Reference:
    """A source as written, taken apart; `part` is the label of a 附件, empty for the main text."""

    written: str
    title: str
    doc_number: str
    part: str
    place: str


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which a source says what it said: from `first` to before `end`, in the version of `passage`."""

    first: date
    end: date
    passage: CitedPassage


def read_reference(written: str) -> Reference:
    """Take `《标题》（文号）第X条` apart.

    Raises:
        FaqError: If it is not of that form, or names no place in the document.
    """
    found = _REFERENCE.fullmatch(written.strip())
    if found is None:
        raise FaqError(f"依据“{written}”应写作《标题》第X条，例如《云州市养犬管理条例》第七条")
    place = found["place"].strip().strip("“”")
    attachment = _ATTACHMENT.match(place)
    part = attachment[0] if attachment else ""
    rest = place.removeprefix(part).strip(" ：:“”")
    if not part and not rest:
        raise FaqError(f"依据“{written}”没有写明条款：标题之后写第X条、三、（一）、标题中的小标题或者附件")
    return Reference(written.strip(), found["title"].strip(), found["number"] or "", part, rest)


class Library:
    """The documents as one session sees them; what was read once is kept.

    What is not published, or withdrawn, has no day in force (see `knowledge_base.settling`) and so is no
    source; what is to be shown later is one from that day on.

    Args:
        passages: Passages by version and place, kept from one session to the next: the words of a version
            never change.
    """

    def __init__(self, session: Session, passages: Passages | None = None) -> None:
        self._session = session
        self._versions: dict[int, list[VersionRow]] = {}
        self._chunks: dict[int, list[ChunkRow]] = {}
        self._passages = {} if passages is None else passages
        self._published: set[int] | None = None

    def resolve(self, written: str, *, region: str, day: date) -> tuple[FaqSource, str]:
        """Find the source a reference names, and the region of its document.

        The one in force on `day` is taken, else one that begins later; of several the nearest region.

        Args:
            region: Whoever asks there must see the source; empty for anywhere.

        Raises:
            FaqError: If there is none; says why and what comes near.
        """
        reference = read_reference(written)
        named = [each for each in self._named(reference) if not region or each.region in visible(region)]
        if not named:
            raise FaqError(self._why_unknown(reference, region))
        alive = [each for each in named if _end(each) > max(day, _first(each))]
        if not alive:
            raise FaqError(f"依据“{written}”{self._why_over(named)}，不能作为答案的依据")
        alive.sort(key=lambda each: (_first(each) > day, -specificity(each.region), -each.number))
        for version in alive:
            if self.passage(version, reference.place) is not None:
                return FaqSource(
                    reference.written, version.document_id, version.id, reference.place
                ), version.region
        places = list(dict.fromkeys(filter(None, map(_place_of, self.chunks(alive[0])))))
        listed = f"，有的是：{'，'.join(places[:8])}{' 等' if len(places) > 8 else ''}" if places else ""
        raise FaqError(f"依据“{written}”：《{alive[0].title}》里没有“{reference.place}”{listed}")

    def spans(self, source: FaqSource, *, region: str) -> list[Span]:
        """Return when the source says what it said when the answer was written, in order of versions."""
        versions = self.versions(source.document_id)
        written_from = next(each for each in versions if each.id == source.version_id)
        words = self.passage(written_from, source.place)
        if words is None:
            return []
        found = []
        for version in versions:
            passage = self.passage(version, source.place)
            if (
                passage is not None
                and _bare(passage.text) == _bare(words.text)
                and version.region in visible(region)
                and _first(version) < _end(version)
            ):
                found.append(Span(_first(version), _end(version), passage))
        return found

    def why_lost(self, source: FaqSource, *, region: str, day: date) -> tuple[str, Proposal | None]:
        """Return, in Chinese, why the source does not hold on `day`, and where its matter stands now."""
        versions = self.versions(source.document_id)
        written_from = next(each for each in versions if each.id == source.version_id)
        words = self.passage(written_from, source.place)
        newest = next((each for each in reversed(versions) if self._is_published(each)), versions[-1])
        title = f"《{newest.title}》"
        current = next((each for each in versions if _first(each) <= day < _end(each)), None)
        if current is not None:
            if current.region not in visible(region):
                return f"{title}适用于{current.region}，{region}的市民看不到", None
            since = f"自 {current.effective_from} 起" if current.effective_from else "现行版本中"
            proposal = self._nearest(current, words)
            if self.passage(current, source.place) is None:
                return f"{title}{since}没有“{source.place}”", proposal
            return f"{title}“{source.place}”的文字{since}已改", proposal
        later = [each for each in versions if day < _first(each) < _end(each)]
        if later:
            return f"{title}自 {min(map(_first, later))} 起施行，现在还没有施行", None
        successor = self._successor(newest, day)
        by = f"，由《{successor.title}》{_number(successor)}接替" if successor else ""
        return f"{title}{self._why_over(versions)}{by}", self._nearest(
            successor, words
        ) if successor else None

    def _why_over(self, versions: Sequence[VersionRow]) -> str:
        """Return, in Chinese, why none of these versions, or none any more, can be quoted from."""
        if not any(map(self._is_published, versions)):
            return "没有公开，或者已经撤下"
        ended = max((_end(each) for each in versions if date.min < _end(each) < date.max), default=None)
        return f"已于 {ended} 失效" if ended else "已废止或被替代，失效日期未知"

    def _is_published(self, version: VersionRow) -> bool:
        """Tell whether a version is before the citizens, or was until it ended by law; no draft is."""
        if self._published is None:
            self._published = set(self._session.scalars(select(VersionRow.id).where(may_show(date.max))))
        return version.id in self._published

    def passage(self, version: VersionRow, place: str) -> CitedPassage | None:
        """Return the words of a place in a version; None if it is not there or not one stretch."""
        key = (version.id, place)
        if key not in self._passages:
            self._passages[key] = _passage(version, self.chunks(version), place)
        return self._passages[key]

    def versions(self, document_id: int) -> list[VersionRow]:
        """Return the versions of a document, oldest first; a text is read when it is asked for."""
        if document_id not in self._versions:
            self._versions[document_id] = list(
                self._session.scalars(
                    select(VersionRow).filter_by(document_id=document_id).order_by(VersionRow.number)
                )
            )
        return self._versions[document_id]

    def chunks(self, version: VersionRow) -> list[ChunkRow]:
        """Return what of a version may be cited, in order."""
        if version.id not in self._chunks:
            self._chunks[version.id] = list(
                self._session.scalars(
                    select(ChunkRow)
                    .where(ChunkRow.version_id == version.id, ChunkRow.kind != ChunkKind.PREAMBLE.value)
                    .order_by(ChunkRow.start)
                )
            )
        return self._chunks[version.id]

    def _named(self, reference: Reference) -> Iterator[VersionRow]:
        """Yield the versions a reference may mean: by title, by 文号 where one is given, by 附件."""
        wanted = normalise_title(reference.title)
        titles = self._session.execute(select(VersionRow.document_id, VersionRow.title))
        mains = {document_id for document_id, title in titles if normalise_title(title) == wanted}
        documents = mains
        if reference.part:
            documents = set(
                self._session.scalars(
                    select(DocumentRow.id).where(
                        DocumentRow.parent_id.in_(mains), DocumentRow.part == reference.part
                    )
                )
            )
        for document_id in sorted(documents):
            for version in self.versions(document_id):
                if not reference.doc_number or _same_number(reference.doc_number, version.doc_number):
                    yield version

    def _why_unknown(self, reference: Reference, region: str) -> str:
        elsewhere = {each.region for each in self._named(reference)}
        if elsewhere:
            places = "、".join(sorted(elsewhere))
            return f"依据“{reference.written}”适用于{places}，{region}的市民看不到：请改地区或者换依据"
        titles = {
            normalise_title(title): title
            for title in self._session.scalars(select(VersionRow.title).distinct())
        }
        near = get_close_matches(normalise_title(reference.title), titles, n=_NEAR_TITLES, cutoff=0.4)
        hint = f"，相近的有：{'、'.join(f'《{titles[each]}》' for each in near)}" if near else ""
        what = f"{reference.part}" if reference.part else ""
        return (
            f"依据“{reference.written}”：知识库里没有《{reference.title}》{reference.doc_number}{what}{hint}"
        )

    def _successor(self, ended: VersionRow, day: date) -> VersionRow | None:
        """Return what took the place of a document: named by it, ending it by its words, or of its title."""
        named = (DocumentRow.source_file == ended.superseded_by) & (DocumentRow.part == "")
        rows = self._session.execute(
            select(VersionRow, named).join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        ).all()
        title = normalise_title(ended.title)
        ranked = [
            (bool(is_named and ended.superseded_by), version.number, version)
            for version, is_named in rows
            if version.document_id != ended.document_id
            and version.region == ended.region
            and _first(version) <= day < _end(version)
            and (
                (is_named and ended.superseded_by)
                or normalise_title(version.title) == title
                or any(
                    each["field"] == "effective_to" and normalise_title(each["target"]) == title
                    for each in version.inferred
                    if each["target"]
                )
            )
        ]
        return max(ranked, key=lambda each: each[:2])[2] if ranked else None

    def _nearest(self, version: VersionRow, words: CitedPassage | None) -> Proposal | None:
        """Return the place of a version whose words are most like those lost."""
        if words is None:
            return None
        matcher = SequenceMatcher(b=_bare(words.text), autojunk=False)
        best: tuple[float, CitedPassage, str] | None = None
        for place in dict.fromkeys(filter(None, map(_place_of, self.chunks(version)))):
            passage = self.passage(version, place)
            if passage is not None:
                matcher.set_seq1(_bare(passage.text))
                ratio = matcher.ratio()
                if ratio >= _ALIKE and (best is None or ratio > best[0]):
                    best = (ratio, passage, place)
        return Proposal(f"《{version.title}》{_number(version)}{best[2]}", best[1].text) if best else None


def _passage(version: VersionRow, chunks: Sequence[ChunkRow], place: str) -> CitedPassage | None:
    wanted = _plain(place)
    tests: tuple[Callable[[ChunkRow], bool], ...] = (
        lambda chunk: _plain(chunk.article) == wanted,
        lambda chunk: any(wanted in (_plain(h), _plain(_NUMBERING.sub("", h))) for h in chunk.heading_path),
        # 三、 stands for all of 三、（一）, 三、（二） …
        lambda chunk: wanted.endswith("、") and _plain(chunk.article).startswith(wanted),
    )
    if not wanted:
        tests = (lambda _: True,)
    found: list[int] = []
    for test in tests:
        found = [number for number, chunk in enumerate(chunks) if test(chunk)]
        if found:
            break
    if not found or found != list(range(found[0], found[-1] + 1)):
        return None
    start, end = chunks[found[0]].start, chunks[found[-1]].end
    return CitedPassage(version.id, start, version.text[start:end], tuple(chunks[n].id for n in found))


def _place_of(chunk: ChunkRow) -> str:
    return chunk.article or (_NUMBERING.sub("", chunk.heading_path[-1]) if chunk.heading_path else "")


def _plain(place: str) -> str:
    """Reduce a label or heading to what two writings of it share: 第8条 is 第八条."""
    bare = re.sub(r"[\s“”]", "", place).translate(str.maketrans("()", "（）"))
    return _ORDINAL.sub(lambda found: f"第{chinese_number(found[1])}", bare)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def _same_number(one: str, other: str) -> bool:
    brackets = str.maketrans("[【（(]】）)", "〔〔〔〔〕〕〕〕")
    return _bare(one).translate(brackets) == _bare(other).translate(brackets)


def _number(version: VersionRow) -> str:
    return f"（{version.doc_number}）" if version.doc_number else ""


def _first(version: VersionRow) -> date:
    return version.effective_from or date.min


def _end(version: VersionRow) -> date:
    return version.effective_to or date.max
