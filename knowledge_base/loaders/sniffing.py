"""Telling what a file is by its first bytes, so that a wrong suffix is named and not guessed around."""

from collections.abc import Sequence

_DOCX, _PDF, _WEB = "Word 文档（docx）", "PDF 文件", "网页（html）"

_MAGIC: Sequence[tuple[bytes, str]] = (
    (b"\x89PNG\r\n\x1a\n", "图片（png）"),
    (b"\xff\xd8\xff", "图片（jpg）"),
    (b"GIF8", "图片（gif）"),
    (b"II*\x00", "图片（tif）"),
    (b"MM\x00*", "图片（tif）"),
    (b"Rar!\x1a\x07", "压缩包（rar）"),
    (b"7z\xbc\xaf\x27\x1c", "压缩包（7z）"),
    (b"\x1f\x8b", "压缩包（gz）"),
    (b"\x7fELF", "程序"),
    (b"SQLite format 3\x00", "数据库"),
    (b"{\\rtf", "RTF 文档"),
)
_INSIDE_ZIP: Sequence[tuple[bytes, str]] = (
    (b"word/", _DOCX),
    (b"xl/", "Excel 表格（xlsx）"),
    (b"ppt/", "演示文稿（pptx）"),
    (b"OFD.xml", "OFD 文件"),
    (b"opendocument.text", "OpenDocument 文档（odt）"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMED = {_DOCX: (".docx",), _PDF: (".pdf",), _WEB: (".html", ".htm", ".md")}


def kind_of(data: bytes) -> str:
    """Name the kind of content in Chinese; empty when nothing marks it, as in plain text."""
    if b"%PDF-" in data[:1024]:
        return _PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((name for mark, name in _INSIDE_ZIP if mark in data), "压缩包（zip）")
    if data.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        return "加密的 Office 文档" if encrypted else "旧版 Office 文档（doc、xls 或 wps）"
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return _WEB
    return next((name for mark, name in _MAGIC if data.startswith(mark)), "")


def is_encrypted_office(data: bytes) -> bool:
    """Tell whether this is a docx with a password, which is stored as an OLE container."""
    return kind_of(data) == "加密的 Office 文档"


def contradiction(suffix: str, data: bytes) -> str:
    """Say in Chinese how content and suffix disagree and what to do; empty when they agree."""
    kind = kind_of(data)
    if suffix in _NAMED.get(kind, ()) or (suffix == ".docx" and is_encrypted_office(data)):
        return ""
    if kind in _NAMED:
        return f"扩展名是 {suffix}，内容却是{kind}：请把扩展名改为 {_NAMED[kind][0]} 后再导入"
    if kind:
        return f"扩展名是 {suffix}，内容却是{kind}：请转换为 docx、pdf、html 或 txt 后再导入"
    if suffix == ".pdf":
        return "扩展名是 .pdf，内容却不以 %PDF- 开头：文件不是 PDF 或已损坏，请重新导出"
    if suffix == ".docx":
        return "扩展名是 .docx，内容却不是 Word 文档：请用 Word 或 WPS 打开后另存为 .docx"
    return ""
