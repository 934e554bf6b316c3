"""The sample knowledge: what is promised of it, and that it reads as it was written."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.attachments import split_attachments
from knowledge_base.loaders import SUFFIXES, load
from knowledge_base.manifest import ManifestRow, read_manifest
from knowledge_base.metadata import read_metadata
from knowledge_base.normalising import assemble
from knowledge_base.secrecy import secrecy_marking

SAMPLE = Path(__file__).parents[2] / "knowledge_base" / "sample" / "documents"
FILES = sorted(path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*") if path.suffix in SUFFIXES)
CITY = "云岭省/云州市"


@pytest.fixture(scope="module")
def manifest() -> dict[str, ManifestRow]:
    return read_manifest(SAMPLE / "manifest.json")


def test_it_is_broad_and_small() -> None:
    suffixes = Counter(Path(file).suffix for file in FILES)
    assert len(FILES) >= 36
    assert suffixes[".txt"] >= 3
    assert suffixes[".html"] >= 3
    assert suffixes[".docx"] >= 3
    assert suffixes[".pdf"] >= 2
    assert sum((SAMPLE / file).stat().st_size for file in FILES) < 400_000


def test_the_manifest_names_every_file_and_leaves_a_third_to_the_text(
    manifest: dict[str, ManifestRow],
) -> None:
    assert sorted(manifest) == FILES
    described = [row for row in manifest.values() if row.title]
    assert 0.6 < len(described) / len(FILES) < 0.75
    assert {row.region for row in manifest.values()} == {
        "全国",
        "云岭省",
        CITY,
        f"{CITY}/青岚县",
        f"{CITY}/松溪区",
    }
    assert all(row.superseded_by in manifest for row in manifest.values() if row.superseded_by)


@pytest.mark.parametrize("file", FILES)
def test_every_file_loads_bears_no_secrecy_marking_and_names_its_title(
    file: str, manifest: dict[str, ManifestRow]
) -> None:
    source = assemble(load(SAMPLE / file))
    assert secrecy_marking([placed.block for placed in source.blocks]) is None
    assert "\ufffd" not in source.text
    title = manifest[file].title or read_metadata(source, file).title
    assert re.sub(r"\s", "", title) in re.sub(r"\s", "", source.text)


def test_one_text_is_in_gb18030() -> None:
    with pytest.raises(UnicodeDecodeError):
        (SAMPLE / CITY / "居住证办理指南.txt").read_text("utf-8")
    assert load(SAMPLE / CITY / "居住证办理指南.txt")[0].text == "云州市居住证办理指南"


def test_a_web_page_is_read_without_its_surroundings() -> None:
    text = assemble(load(SAMPLE / CITY / "存量房转移登记办事指南.html")).text
    assert "家庭第二套住房 | 1% | 2%" in text
    assert "网站首页" not in text
    assert "版权所有" not in text


def test_automatic_numbering_is_part_of_the_words() -> None:
    texts = [block.text for block in load(SAMPLE / CITY / "云州市支持个体工商户发展若干措施.docx")]
    assert "三、创业担保贷款" in texts
    assert "（二）10万元以下的贷款免除反担保。" in texts


def test_a_pdf_gives_its_paragraphs_and_its_table() -> None:
    text = assemble(load(SAMPLE / CITY / "云州市城区机动车停车收费标准的通知.pdf")).text
    assert "（二）夜间时段为每日20时至次日8时，道路临时停车泊位夜间免费。" in text
    assert "二类区域（其他城区道路） | 3元 | 1.5元 | 20元" in text


def test_attachments_stand_apart() -> None:
    notice = assemble(load(SAMPLE / CITY / "云州市人民政府关于调整全市高龄津贴标准的通知.md"))
    assert [(each.label, each.title) for each in split_attachments(notice).attachments] == [
        ("附件1", "云州市高龄津贴标准表"),
        ("附件2", "云州市高龄津贴申请材料清单"),
    ]


def test_successors_begin_after_what_they_replace(manifest: dict[str, ManifestRow]) -> None:
    replaced = [row for row in manifest.values() if row.superseded_by]
    assert len(replaced) >= 2
    for row in replaced:
        begins = manifest[row.superseded_by].effective
        assert row.effective is not None
        assert begins is not None
        assert row.effective < begins < date(2026, 11, 23)
