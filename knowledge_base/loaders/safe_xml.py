"""XML out of untrusted packages: parsed without entities, looked through by local names."""

from xml.etree import ElementTree as ET

from knowledge_base.errors import UnreadableFile

Element = ET.Element


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, *_: str | None) -> None:
        raise UnreadableFile(f"文件的 XML 里有 DOCTYPE 声明（{name}），正常的文档没有：疑似恶意文件，已拒绝")


def parse(data: bytes, name: str) -> Element:
    """Parse the part `name` of a package.

    Raises:
        UnreadableFile: If it is not well-formed, or declares a DOCTYPE.
    """
    # Without a DOCTYPE there is no entity to expand, so the standard parser is safe here.
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(data)
        return parser.close()
    except ET.ParseError as error:
        raise UnreadableFile(f"文件里的 {name} 不是完整的 XML（{error}）：请重新导出或重新下载") from error


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
