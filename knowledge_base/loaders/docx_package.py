"""The parts of a docx file: found by relationship, read within bounds."""

import posixpath
import zipfile
from collections.abc import Iterator

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.bounds import open_archive, read_member
from knowledge_base.loaders.safe_xml import Element, attribute, child, parse


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
        return parse(data, name)
