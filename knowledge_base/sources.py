"""Where documents come from: files of a folder, files inside archives, web pages; all are read alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from knowledge_base.archives import INSIDE, is_archive, members
from knowledge_base.errors import LoadError, ManifestError, UnsupportedFormat
from knowledge_base.fetching import Fetched, Fetcher, split_url
from knowledge_base.loaders import SUFFIXES, check_suffix, read, read_bytes, web_page
from knowledge_base.manifest import ManifestRow, parse_manifest
from knowledge_base.records import Reading

MANIFEST_NAMES = ("manifest.json", "manifest.csv")

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_PAGE_SUFFIXES = frozenset({".html", ".htm"})
_OFFICE = "application/vnd.openxmlformats-officedocument"
_SUFFIX_OF_TYPE: Mapping[str, str] = {
    "application/pdf": ".pdf",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    "application/msword": ".doc",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "application/ofd": ".ofd",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/webp": ".webp",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Something to take in.

    Attributes:
        name: What it is known by (`Document.source_file`): a path within the folder, `包.zip!/文件.docx`
            for a file in an archive, or a URL.
        read: Reads it, or raises a LoadError with the reason.
        row: What a manifest says of it.
        url: Where it was fetched from, redirects followed; empty for a file.
        fetched: On which day.
    """

    name: str
    read: Callable[[], Reading] = field(repr=False)
    row: ManifestRow | None = None
    url: str = ""
    fetched: date | None = None


def sources_of_file(
    path: Path, name: str, rows: Mapping[str, ManifestRow], *, max_bytes: int
) -> Iterator[Source]:
    """Yield a file, or what is inside it when it is an archive.

    A `manifest.json` or `manifest.csv` at the root of an archive speaks for the files beside it, as one
    in a folder does; what `rows` says goes before it.
    """
    if not is_archive(name):
        yield Source(name, partial(_read_file, path, max_bytes), rows.get(name))
        return
    try:
        yield from _inside(name, read_bytes(path, max_bytes), rows, max_bytes)
    except (LoadError, ManifestError) as fault:
        yield Source(name, partial(_refuse, fault))


def source_of_url(url: str, fetcher: Fetcher, *, today: date) -> Source:
    """Fetch a page, or a file of a kind that is taken.

    Raises:
        FetchError: See `Fetcher.fetch`.
    """
    fetched = fetcher.fetch(url)
    parts = split_url(url)
    return Source(
        urlunsplit(parts), partial(_read_fetched, fetched, fetcher.max_bytes), None, fetched.url, today
    )


def _read_file(path: Path, max_bytes: int) -> Reading:
    if not path.is_dir():
        check_suffix(path.name)
    return read(path.name, read_bytes(path, max_bytes), max_bytes=max_bytes)


def _inside(archive: str, data: bytes, rows: Mapping[str, ManifestRow], max_bytes: int) -> Iterator[Source]:
    prefix = f"{archive}{INSIDE}"
    found = list(members(data, max_bytes=max_bytes))
    own: dict[str, ManifestRow] = {}
    for member in found:
        if member.name in MANIFEST_NAMES and not own:
            own = parse_manifest(member.read(), PurePath(f"{prefix}{member.name}"))
    given = {f"{prefix}{file}": _within(prefix, row) for file, row in own.items()} | dict(rows)
    documents = [member for member in found if member.name not in MANIFEST_NAMES]
    for member in documents:
        name = f"{prefix}{member.name}"
        yield Source(name, partial(_read_member, member.name, member.read, max_bytes), given.get(name))
    missing = own.keys() - {member.name for member in documents}
    for file in sorted(missing):
        reason = LoadError("压缩包里的清单列有此文件，但压缩包中没有：请核对文件名")
        yield Source(f"{prefix}{file}", partial(_refuse, reason))
    if not documents and not missing:
        yield Source(archive, partial(_refuse, LoadError("压缩包里没有文件：请核对是否打包完整")))


def _within(prefix: str, row: ManifestRow) -> ManifestRow:
    successor = f"{prefix}{row.superseded_by}" if row.superseded_by else ""
    return replace(row, file=f"{prefix}{row.file}", superseded_by=successor)


def _read_member(name: str, given: Callable[[], bytes], max_bytes: int) -> Reading:
    check_suffix(name)
    return read(name, given(), max_bytes=max_bytes)


def _read_fetched(fetched: Fetched, max_bytes: int) -> Reading:
    named = PurePosixPath(unquote(urlsplit(fetched.url).path)).suffix.lower()
    # Servers that do not know a kind of file say octet-stream, or nothing: then its name is asked.
    suffix = _SUFFIX_OF_TYPE.get(fetched.content_type, named if named in SUFFIXES - _PAGE_SUFFIXES else "")
    if fetched.content_type in _PAGES or not (suffix or fetched.content_type):
        return web_page.read(fetched.data, charset=fetched.charset)
    if not suffix:
        kind = fetched.content_type or "没有说明类型的内容"
        raise UnsupportedFormat(f"网址给出的是 {kind}，不支持：请给出文章页或文件的网址")
    return read(f"网址{suffix}", fetched.data, max_bytes=max_bytes)


def _refuse(fault: LoadError | ManifestError) -> Reading:
    raise fault if isinstance(fault, LoadError) else LoadError(str(fault))
