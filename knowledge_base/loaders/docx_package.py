"""The parts of a docx file: found by relationship, read within bounds, parsed without entities."""

import posixpath
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.bounds import open_archive, read_member

Element = ET.Element


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, *_: str | None) -> None:
        raise UnreadableFile(
            f"文件的 XML 里有 DOCTYPE 声明（{name}），正常的 docx 没有：疑似恶意文件，已拒绝"
        )


def local(name: str) -> str:
    """Return a tag or attribute name without its namespace, for strict and transitional files alike."""
    return name.rpartition("}")[2]


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute by its local name; empty when it or the element is absent."""
    if element is None:
        return ""
    return next((value for key, value in element.items() if local(key) == name), "")


def child(element: Element | None, *path: str) -> Element | None:
    """Follow child elements by local name; None where the path ends."""
    for step in path:
        if element is None:
            return None
        element = next((each for each in element if local(each.tag) == step), None)
    return element


class Package:
    """A docx opened for reading.

    Raises:
        EncryptedFile, UnreadableFile: See `open_archive` and `read_member`; also if there is no main
            part, or a part is not well-formed XML or declares a DOCTYPE.
    """

    def __init__(self, data: bytes) -> None:
        self._archive: zipfile.ZipFile = open_archive(data)
        main = next((target for kind, _, target in self._relations("") if kind == "officeDocument"), "")
        if not main:
            raise UnreadableFile("docx 里找不到正文部分：文件不完整，请用 Word 或 WPS 打开后另存为 .docx")
        root = self._part(main)
        body = child(root, "body")
        if root is None or body is None:
            raise UnreadableFile(f"docx 的正文部分 {main} 缺失或没有内容：文件不完整，请重新导出")
        self.body: Element = body
        self._related = [(kind, target) for kind, _, target in self._relations(main)]

    def parts(self, kind: str) -> Iterator[Element]:
        """Yield the parts of a kind, such as `styles`, `numbering`, `header`, in the file's order."""
        for related, target in self._related:
            if related == kind and (part := self._part(target)) is not None:
                yield part

    def _relations(self, source: str) -> Iterator[tuple[str, str, str]]:
        folder, name = posixpath.split(source)
        relations = self._part(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in relations if relations is not None else ():
            if attribute(relation, "TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attribute(relation, "Target")))
                yield posixpath.basename(attribute(relation, "Type")), attribute(relation, "Id"), target[1:]

    def _part(self, name: str) -> Element | None:
        try:
            data = read_member(self._archive, name)
        except KeyError:
            return None
        # Without a DOCTYPE there is no entity to expand, so the standard parser is safe here.
        parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314
        try:
            parser.feed(data)
            return parser.close()
        except ET.ParseError as error:
            raise UnreadableFile(
                f"docx 里的 {name} 不是完整的 XML（{error}）：请重新导出或重新下载"
            ) from error
