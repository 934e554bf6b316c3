"""Documents for proofs about storage: every line tells which document and which draft of it it is from."""

import re
from pathlib import Path

BEGINS = "2020年1月1日"
MATTERS = ("登记", "收费", "年检", "罚款")
ARTICLES = "一二三四"
_MARK = re.compile(r"〔(\d+)-(\d+)〕")


def file_name(document: int) -> str:
    return f"办法{document}.md"


def title(document: int) -> str:
    return f"{'甲乙丙丁戊己庚辛壬癸'[document % 10]}类{document}号事务办法"


def text(document: int, draft: int) -> str:
    """Return the whole file: four 条, and for every second document a 附件."""
    mark = f"〔{document}-{draft}〕"
    lines = [title(document), ""]
    lines += [
        f"第{number}条 {title(document)}所称{matter}{mark}，按第{draft}稿的规定办理。"
        for number, matter in zip(ARTICLES, MATTERS, strict=True)
    ]
    lines += ["", "国家事务管理办公室", BEGINS]
    if document % 2:
        lines += ["", "附件1", "申请表", f"一、{title(document)}申请人{mark}填写姓名，按第{draft}稿。"]
    return "\n".join(lines) + "\n"


def write(folder: Path, document: int, draft: int) -> Path:
    """Write the file into a folder of its own and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file_name(document)).write_text(text(document, draft), encoding="utf-8")
    return folder


def marks(words: str) -> set[tuple[int, int]]:
    """Return each (document, draft) whose words these are."""
    return {(int(document), int(draft)) for document, draft in _MARK.findall(words)}


def question(document: int, matter: str) -> str:
    return f"{title(document)}{matter}怎么办理？"
