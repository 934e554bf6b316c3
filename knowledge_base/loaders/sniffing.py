"""Telling what a file is by its first bytes, so that a wrong suffix is named and not guessed around."""

from collections.abc import Sequence

_DOCX, _XLSX, _OFD, _PDF, _WEB = (
    "Word 文档（docx）",
    "Excel 表格（xlsx）",
    "OFD 文件",
    "PDF 文件",
    "网页（html）",
)
_OLD_OFFICE, _RTF, _ZIP = "旧版 Office 文档（doc、xls 或 wps）", "RTF 文档", "压缩包（zip）"
_BITMAP = "图片（bmp）"  # two letters, which a text may begin with as well
_LOCKED_OFFICE = "加密的 Office 文档"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")

_MAGIC: Sequence[tuple[bytes, str]] = (
    (b"\x89PNG\r\n\x1a\n", "图片（png）"),
    (b"\xff\xd8\xff", "图片（jpg）"),
    (b"GIF8", "图片（gif）"),
    (b"II*\x00", "图片（tif）"),
    (b"MM\x00*", "图片（tif）"),
    (b"Rar!\x1a\x07", "压缩包（rar）"),
    (b"7z\xbc\xaf\x27\x1c", "压缩包（7z）"),
    (b"BM", _BITMAP),
    (b"\x1f\x8b", "压缩包（gz）"),
    (b"\x7fELF", "程序"),
    (b"SQLite format 3\x00", "数据库"),
    (b"{\\rtf", _RTF),
)
_INSIDE_ZIP: Sequence[tuple[bytes, str]] = (
    (b"word/", _DOCX),
    (b"xl/", _XLSX),
    (b"ppt/", "演示文稿（pptx）"),
    (b"OFD.xml", _OFD),
    (b"opendocument.text", "OpenDocument 文档（odt）"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMED = {
    _DOCX: (".docx",),
    _XLSX: (".xlsx",),
    _OFD: (".ofd",),
    _PDF: (".pdf",),
    _WEB: (".html", ".htm", ".md"),
    _RTF: (".rtf",),
}
_MARKED = {
    ".docx": "Word 文档",
    ".xlsx": "Excel 表格",
    ".ofd": "OFD 文件",
    ".rtf": "RTF 文档",
    ".doc": "Word 文档",
    ".wps": "WPS 文档",
    **dict.fromkeys(IMAGE_SUFFIXES, "图片"),
}
_PICTURES = frozenset({"图片（png）", "图片（jpg）", "图片（tif）", "图片（webp）"})


def kind_of(data: bytes) -> str:
    """Name the kind of content in Chinese; empty when nothing marks it, as in plain text."""
    if b"%PDF-" in data[:1024]:
        return _PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((name for mark, name in _INSIDE_ZIP if mark in data), _ZIP)
    if data.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        return _LOCKED_OFFICE if encrypted else _OLD_OFFICE
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return _WEB
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "图片（webp）"
    return next((name for mark, name in _MAGIC if data.startswith(mark)), "")


def is_encrypted_office(data: bytes) -> bool:
    """Tell whether this is a docx with a password, which is stored as an OLE container."""
    return kind_of(data) == _LOCKED_OFFICE


def contradiction(suffix: str, data: bytes) -> str:
    """Say in Chinese how content and suffix disagree and what to do; empty when they agree."""
    kind = kind_of(data)
    if _agrees(suffix, kind):
        return ""
    if kind in _NAMED:
        return f"扩展名是 {suffix}，内容却是{kind}：请把扩展名改为 {_NAMED[kind][0]} 后再导入"
    if kind:
        return f"扩展名是 {suffix}，内容却是{kind}：请转换为 docx、pdf、html 或 txt 后再导入"
    if suffix == ".pdf":
        return "扩展名是 .pdf，内容却不以 %PDF- 开头：文件不是 PDF 或已损坏，请重新导出"
    return f"扩展名是 {suffix}，内容却不是 {_MARKED[suffix]}：文件已损坏或改错了扩展名，请重新导出"


def _agrees(suffix: str, kind: str) -> bool:
    if not kind or kind == _BITMAP:
        return (suffix != ".pdf" and suffix not in _MARKED) or (kind == _BITMAP and suffix in IMAGE_SUFFIXES)
    if suffix in IMAGE_SUFFIXES:
        return kind in _PICTURES  # a png that calls itself jpg is still a picture
    if suffix in {".doc", ".wps"}:
        return kind in {_OLD_OFFICE, _RTF}  # Word itself writes rtf under the name of doc
    return suffix in _NAMED.get(kind, ()) or (suffix in {".docx", ".xlsx"} and kind == _LOCKED_OFFICE)
