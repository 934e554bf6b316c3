"""From files on disk to what may be cited: names, manifests, 附件, refusals, and what a kill leaves."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.errors import LoadError, ManifestError
from knowledge_base.ingest import FileOutcome, IngestReport, Progress, draft, ingest_files
from knowledge_base.loaders import MAX_BYTES
from knowledge_base.records import NATIONAL, Inference
from knowledge_base.regions import load_gazetteer
from knowledge_base.sources import sources_of_file
from knowledge_base.store import DocumentDraft, KnowledgeStore, StoredText

CITY = "云岭省/云州市"
PARK = """云州市公园管理办法
云政发〔2024〕3号

第一条 公园免费开放。
第二条 公园每日6时开门。
第三条 本办法自2024年3月1日起施行。

云州市人民政府
2024年2月5日
"""
DOGS = """云州市养犬通告

一、养犬应当办理登记。
二、遛犬应当牵绳。
三、本通告自2024年5月1日起施行。

云州市公安局
2024年4月20日
"""
NOTICE = """云州市人民政府关于印发公园收费办法的通知
云政发〔2025〕7号

各区县人民政府：
现将《云州市公园收费办法》印发给你们，请遵照执行。
本通知自印发之日起施行。

云州市人民政府
2025年1月10日

云州市公园收费办法
第一条 公园游船每小时收费五十元。
第二条 本办法自2025年6月1日起施行，《云州市公园票价规定》同时废止。
"""
WITH_FORMS = """云州市民政局关于发放补贴的通知

各区县民政局：
一、补贴每人每月一百元。
二、本通知自2025年1月1日起施行。

附件：1.补贴申请表
2.材料清单

云州市民政局
2024年12月1日

附件1
补贴申请表
一、填写姓名和住址。

附件2
材料清单
一、身份证复印件。
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def manifest(folder: Path, *rows: Mapping[str, object]) -> Path:
    return write(folder, "manifest.json", json.dumps(rows, ensure_ascii=False))


def statuses(report: IngestReport) -> dict[str, str]:
    return {outcome.file: outcome.status for outcome in report.outcomes}


def texts(store: KnowledgeStore) -> dict[tuple[str, str], StoredText]:
    return {(text.document.source_file, text.document.part): text for text in store.iter_texts()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "文件"
    folder.mkdir()
    return folder


def test_a_folder_lands_with_names_relative_to_it(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    write(folder, "公安/养犬.txt", DOGS)
    report = ingest_files(store, folder)
    assert report.ok
    assert [(each.file, each.status, each.title, each.chunks, each.encoded) for each in report.outcomes] == [
        ("公园.md", "added", "云州市公园管理办法", 5, 5),
        ("公安/养犬.txt", "added", "云州市养犬通告", 5, 5),
    ]
    park = texts(store)["公园.md", ""]
    assert (park.document.meta.doc_number, park.effective_from) == ("云政发〔2024〕3号", date(2024, 3, 1))
    assert park.document.meta.issuer == "云州市人民政府"


def test_what_was_read_from_a_text_is_listed_once(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    outcome = ingest_files(store, folder).outcomes[0]
    start = Inference("effective_from", "2024-03-01", "本办法自2024年3月1日起施行。")
    assert [each for each in outcome.inferred if each.field == "effective_from"] == [start]
    assert ingest_files(store, folder).outcomes[0].inferred == ()


def test_the_same_folder_again_changes_nothing(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    write(folder, "补贴.md", WITH_FORMS)
    ingest_files(store, folder)
    before = (store.revision(), store.snapshot(), list(store.iter_texts()))
    report = ingest_files(store, folder)
    assert statuses(report) == {"公园.md": "unchanged", "补贴.md": "unchanged"}
    assert [each.encoded for each in report.outcomes] == [0, 0]
    assert (store.revision(), store.snapshot(), list(store.iter_texts())) == before


def test_a_changed_file_becomes_version_2_with_its_changed_chunks_new(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "公园.md", PARK)
    ingest_files(store, folder)
    write(folder, "公园.md", PARK.replace("6时", "5时"))
    changed = ingest_files(store, folder).outcomes[0]
    assert (changed.status, changed.chunks, changed.encoded) == ("updated", 5, 1)
    park = texts(store)["公园.md", ""]
    assert (park.number, park.chunks[2].draft.text) == (2, "第二条 公园每日5时开门。")


def test_a_corrected_manifest_corrects_in_place(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    manifest(folder, {"file": "公园.md", "region": CITY, "effective": "2024-03-01"})
    ingest_files(store, folder)
    manifest(
        folder, {"file": "公园.md", "region": CITY, "effective": "2024-04-01", "url": "https://a.gov.cn"}
    )
    outcome = ingest_files(store, folder).outcomes[0]
    assert (outcome.status, outcome.encoded) == ("updated", 0)
    park = texts(store)["公园.md", ""]
    assert (park.number, park.effective_from, park.document.meta.url) == (
        1,
        date(2024, 4, 1),
        "https://a.gov.cn",
    )


def test_the_manifest_wins_over_the_text(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    manifest(
        folder, {"file": "公园.md", "region": CITY, "effective": "2024年4月1日", "repealed": "2026-01-01"}
    )
    outcome = ingest_files(store, folder).outcomes[0]
    park = texts(store)["公园.md", ""]
    assert (park.effective_from, park.effective_to) == (date(2024, 4, 1), date(2026, 1, 1))
    assert {each.field for each in outcome.inferred}.isdisjoint({"effective_from", "effective_to", "region"})
    assert "doc_number" in {each.field for each in outcome.inferred}


def test_attachments_become_documents_of_their_own(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "补贴.md", WITH_FORMS)
    report = ingest_files(store, folder)
    stored = texts(store)
    main = stored["补贴.md", ""]
    assert [(part, text.document.meta.title) for (_, part), text in stored.items()] == [
        ("", "云州市民政局关于发放补贴的通知"),
        ("附件1", "云州市民政局关于发放补贴的通知 附件1：补贴申请表"),
        ("附件2", "云州市民政局关于发放补贴的通知 附件2：材料清单"),
    ]
    assert {text.document.parent_id for (_, part), text in stored.items() if part} == {main.document.id}
    assert {text.effective_from for text in stored.values()} == {date(2025, 1, 1)}
    assert "填写姓名" not in main.text
    assert report.outcomes[0].chunks == sum(len(text.chunks) for text in stored.values())
    said = [each.field for each in report.outcomes[0].inferred]
    assert len(said) == len(set(said)), "what a 附件 takes over from its main text is listed once"


def test_an_attachment_that_is_gone_is_withdrawn(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "补贴.md", WITH_FORMS)
    ingest_files(store, folder)
    write(folder, "补贴.md", WITH_FORMS[: WITH_FORMS.index("附件2\n材料清单")])
    assert ingest_files(store, folder).outcomes[0].status == "updated"
    words = "".join(each.draft.text for each in store.snapshot()[1])
    assert "填写姓名和住址" in words
    assert "身份证复印件" not in words
    assert statuses(ingest_files(store, folder)) == {"补贴.md": "unchanged"}


def test_what_a_notice_passes_on_speaks_for_itself(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "收费.md", NOTICE)
    outcome = ingest_files(store, folder).outcomes[0]
    notice, rules = texts(store).values()
    assert (notice.effective_from, rules.effective_from) == (date(2025, 1, 10), date(2025, 6, 1))
    assert rules.document.meta.title == "云州市公园收费办法"
    assert rules.document.meta.doc_number == "云政发〔2025〕7号"
    words = "第二条 本办法自2025年6月1日起施行，《云州市公园票价规定》同时废止。".removeprefix("第二条 ")
    assert outcome.inferred[-2:] == (
        Inference("effective_from", "2025-06-01", words, "云州市公园收费办法"),
        Inference("effective_to", "2025-06-01", words, "云州市公园票价规定"),
    )


def test_what_a_notice_passes_on_ends_what_it_names(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "票价.md", "云州市公园票价规定\n第一条 票价五元。\n第二条 本规定自2020年1月1日起施行。")
    write(folder, "收费.md", NOTICE)
    ingest_files(store, folder)
    assert texts(store)["票价.md", ""].effective_to == date(2025, 6, 1)


def test_a_single_file_keeps_the_name_its_manifest_knows_it_by(store: KnowledgeStore, folder: Path) -> None:
    path = write(folder, "公安/养犬.txt", DOGS)
    listed = manifest(folder, {"file": "公安/养犬.txt", "region": CITY})
    assert statuses(ingest_files(store, folder)) == {"公安/养犬.txt": "added"}
    assert statuses(ingest_files(store, path, manifest=listed)) == {"公安/养犬.txt": "unchanged"}
    assert store.counts().documents == 1


def test_a_single_file_without_a_manifest_goes_by_its_own_name(store: KnowledgeStore, folder: Path) -> None:
    path = write(folder, "公安/养犬.txt", DOGS)
    manifest(folder / "公安", {"file": "养犬.txt", "region": CITY})
    assert statuses(ingest_files(store, path)) == {"养犬.txt": "added"}
    elsewhere = manifest(folder / "清单", {"file": "养犬.txt", "region": CITY})
    assert statuses(ingest_files(store, path, manifest=elsewhere)) == {"养犬.txt": "updated"}
    assert texts(store)["养犬.txt", ""].document.meta.region == CITY


def test_a_csv_manifest_in_the_folder_is_found(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    write(folder, "manifest.csv", f"file,region\n公园.md,{CITY}\n")
    ingest_files(store, folder)
    assert store.regions() == (CITY,)


def test_a_row_without_a_file_is_reported_by_name(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    manifest(folder, {"file": "公园.md"}, {"file": "公圆.md"})
    report = ingest_files(store, folder)
    assert statuses(report) == {"公园.md": "added", "公圆.md": "failed"}
    assert "文件夹中没有" in report.outcomes[1].reason
    assert not report.ok


def test_a_manifest_that_cannot_be_read_stops_before_anything_lands(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "公园.md", PARK)
    manifest(folder, {"file": "公园.md", "effective": "明年"})
    with pytest.raises(ManifestError, match="明年"):
        ingest_files(store, folder)
    assert store.revision() == 0


def test_a_missing_path_is_named(store: KnowledgeStore, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="不在这里：没有这个文件"):
        ingest_files(store, tmp_path / "没有" / "不在这里")


def test_every_bad_file_is_named_and_the_rest_lands(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    write(folder, "空.md", "")
    write(folder, "老.doc", "老格式")
    write(folder, "大.txt", "一" * 2000)
    write(folder, "涉密.md", f"秘密★1年\n{PARK}")
    (folder / "乱码.txt").write_bytes(bytes(range(128, 256)) * 4)
    (folder / "断.docx").write_bytes(b"PK\x03\x04 cut short")
    (folder / "假.pdf").write_bytes(b"%PDF-1.7\nnothing follows")
    report = ingest_files(store, folder, max_bytes=4000)
    assert statuses(report) == {
        "乱码.txt": "failed",
        "假.pdf": "failed",
        "公园.md": "added",
        "大.txt": "failed",
        "断.docx": "failed",
        "涉密.md": "refused",
        "空.md": "failed",
        "老.doc": "failed",
    }
    assert all(each.reason for each in report.outcomes if each.status != "added")
    assert not report.ok
    assert [text.document.source_file for text in store.iter_texts()] == ["公园.md"]


def test_a_file_that_bears_a_secrecy_marking_is_refused_with_the_marking(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "涉密.md", f"机密★5年\n{PARK}")
    report = ingest_files(store, folder)
    assert report.outcomes == (FileOutcome("涉密.md", "refused", "文件标有密级“机密★5年”，涉密文件不得导入"),)
    assert store.revision() == 0


def test_a_good_version_stays_when_the_file_goes_bad(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    ingest_files(store, folder)
    write(folder, "公园.md", "")
    assert statuses(ingest_files(store, folder)) == {"公园.md": "failed"}
    assert texts(store)["公园.md", ""].number == 1


def test_hidden_files_lock_files_and_manifests_are_no_documents(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "公园.md", PARK)
    write(folder, ".git/养犬.md", DOGS)
    write(folder, ".养犬.md", DOGS)
    write(folder, "~$养犬.docx", "lock")
    listed = write(folder, "清单.csv", "file\n公园.md\n")
    assert statuses(ingest_files(store, folder, manifest=listed)) == {"公园.md": "added"}


def test_an_empty_folder_is_no_fault(store: KnowledgeStore, folder: Path) -> None:
    assert ingest_files(store, folder) == IngestReport(())


def test_a_region_given_for_all_holds_where_the_manifest_is_silent(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "工会.md", "工会会费办法\n第一条 会费每月一元。")
    write(folder, "外地.md", "杭州市公园办法\n第一条 公园免费。")
    write(folder, "县里.md", "青岚县公园办法\n第一条 公园免费。")
    write(folder, "县定.md", "公厕办法\n第一条 公厕免费。")
    write(folder, "全国.md", "入会办法\n第一条 入会自愿。")
    manifest(
        folder,
        {"file": "全国.md", "region": NATIONAL},
        {"file": "县定.md", "region": f"{CITY}/青岚县"},
    )
    report = ingest_files(store, folder, region=CITY)
    regions = {file: text.document.meta.region for (file, _), text in texts(store).items()}
    assert regions == {
        "工会.md": CITY,
        "外地.md": CITY,
        "县里.md": f"{CITY}/青岚县",  # within the region given
        "县定.md": f"{CITY}/青岚县",
        "全国.md": NATIONAL,
    }
    guessed = {each.file for each in report.outcomes if "region" in {found.field for found in each.inferred}}
    assert guessed == {"县里.md"}


def test_a_region_read_from_one_text_does_not_change_how_another_is_read_again(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "会费.md", "关于《云州市工会会费规定》的说明\n第一条 会费每月一元。")
    write(folder, "公园.md", PARK)
    first = ingest_files(store, folder)
    assert store.regions() == ("云州市", NATIONAL)
    assert statuses(ingest_files(store, folder)) == dict.fromkeys(statuses(first), "unchanged")


def test_a_region_a_manifest_gave_is_known_to_files_that_come_later(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "公园.md", PARK)
    manifest(folder, {"file": "公园.md", "region": CITY})
    ingest_files(store, folder)
    later = write(folder.parent, "会费.md", "关于《云州市工会会费规定》的说明\n第一条 会费每月一元。")
    ingest_files(store, later)
    assert texts(store)["会费.md", ""].document.meta.region == CITY


def test_doubtful_dates_are_listed_once_every_successor_has_landed(
    store: KnowledgeStore, folder: Path
) -> None:
    write(folder, "1旧.md", "云州市票价规定\n第一条 票价五元。")
    write(folder, "2新.md", "云州市收费办法\n第一条 免费。\n第二条 本办法自2025年6月1日起施行。")
    write(folder, "3疑.md", "云州市停车规定\n第一条 停车五元。")
    manifest(
        folder,
        {"file": "1旧.md", "effective": "2020-01-01", "superseded_by": "2新.md"},
        {"file": "2新.md"},
        {"file": "3疑.md", "effective": "2020-01-01", "repealed": True},
    )
    report = ingest_files(store, folder)
    assert [each.review for each in report.outcomes] == [
        (),
        (),
        ("清单标明已废止，但废止日期未知：不作为答复依据",),
    ]
    assert texts(store)["1旧.md", ""].effective_to == date(2025, 6, 1)
    assert all(each.review == () for each in ingest_files(store, folder).outcomes), "nothing changed"


def test_a_region_and_a_level_that_nobody_knows_are_listed_once(store: KnowledgeStore, folder: Path) -> None:
    for name in ("1.md", "2.md", "3.md"):
        write(folder, name, f"票价规定之{name}\n第一条 票价五元。\n第二条 本规定自2025年6月1日起施行。")
    manifest(
        folder,
        {"file": "1.md", "region": "浙江省/宁波市/余姚市", "level": "规范性文件"},
        {"file": "2.md", "region": "浙江/宁波市", "level": "规章"},
        {"file": "3.md", "region": "浙江/绍兴市", "level": "规章"},
    )
    report = ingest_files(store, folder)
    assert [each.review for each in report.outcomes] == [
        (),
        (
            "清单里的地区“浙江”不在已知的省市之中：请核对写法，如 浙江省/宁波市",
            "清单里的层级“规章”不认识：请核对写法，如 规范性文件",
        ),
        (),
    ]
    write(folder, "2.md", "票价规定之二\n第一条 票价六元。\n第二条 本规定自2025年6月1日起施行。")
    again = ingest_files(store, folder).outcomes[1].review
    assert again == ("清单里的层级“规章”不认识：请核对写法，如 规范性文件",), "the region is known by now"


def test_progress_names_each_file_and_ends_complete(store: KnowledgeStore, folder: Path) -> None:
    write(folder, "甲.md", PARK)
    write(folder, "乙.md", "")
    seen: list[Progress] = []
    ingest_files(store, folder, on_progress=seen.append)
    assert seen == [
        Progress("read", 0, 2, "乙.md"),
        Progress("read", 1, 2, "甲.md"),
        Progress("read", 2, 2),
    ]


INGEST = """
import sys
from pathlib import Path
from knowledge_base.database import open_database
from knowledge_base.ingest import ingest_files
from knowledge_base.store import KnowledgeStore

print("ready", flush=True)
sys.stdin.readline()
store = KnowledgeStore(open_database(sys.argv[1]))
report = ingest_files(store, Path(sys.argv[2]), on_progress=lambda progress: print(progress.done, flush=True))
sys.exit(not report.ok)
"""


class Ingesting:
    """An ingest in a process of its own, which waits for `go` once all is imported."""

    def __init__(self, database: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", INGEST, f"sqlite:///{database}", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def go(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill_at(self, file: int, delay_s: float) -> None:
        """Kill the process `delay_s` after it began to read the file of that number."""
        assert self.process.stdout
        while int(self.process.stdout.readline()) < file:
            pass
        time.sleep(delay_s)
        self.process.kill()
        self.process.communicate()


@contextmanager
def opened(database: Path) -> Iterator[KnowledgeStore]:
    engine = open_database(f"sqlite:///{database}")
    yield KnowledgeStore(engine)
    engine.dispose()


def drafts_of(path: Path) -> Sequence[DocumentDraft]:
    (source,) = sources_of_file(path, path.name, {}, max_bytes=MAX_BYTES)
    return draft(source.read(), source, region=None, gazetteer=load_gazetteer())


def bare(text: StoredText) -> tuple[object, ...]:
    """A stored text without ids, which depend on the order of landing."""
    period = (text.effective_from, text.effective_to)
    return (text.document.meta, text.number, text.text, period, [each.draft for each in text.chunks])


def many(folder: Path, count: int) -> None:
    for n in range(count):
        articles = "\n".join(f"第{i}条 第{n}号公园的第{i}项规定。" for i in "一二三四五六七八九")
        ending = f"第十条 本办法自2024年3月1日起施行。\n附录：\n入园表\n一、填写姓名{n}。"
        write(folder, f"{n:02}.md", f"云州市第{n}号公园办法\n{articles}\n{ending}")


@pytest.mark.slow
def test_two_processes_landing_at_once_lose_nothing(store: KnowledgeStore, tmp_path: Path) -> None:
    many(tmp_path / "甲", 12)
    many(tmp_path / "乙" / "深", 12)
    database = tmp_path / "wenzheng.db"
    ingests = [Ingesting(database, tmp_path / name) for name in ("甲", "乙")]
    for each in ingests:
        each.go()
    assert [each.process.communicate(timeout=60) and each.process.returncode for each in ingests] == [0, 0]
    assert store.counts().documents == 48
    assert store.revision() == 24


@pytest.mark.slow
def test_a_kill_leaves_every_file_whole_or_absent(tmp_path: Path, folder: Path) -> None:
    many(folder, 30)
    expected = {
        (path.name, draft.part): (draft.text, list(draft.chunks))
        for path in folder.iterdir()
        for draft in drafts_of(path)
    }
    database = tmp_path / "killed.db"
    dice = random.Random(2026)
    kills = sorted(dice.sample(range(28), 8))
    waiting = [Ingesting(database, folder) for _ in kills]
    landed = []
    # One database is killed again and again, so that each ingest also starts from what a kill left.
    for ingesting, file in zip(waiting, kills, strict=True):
        ingesting.go()
        ingesting.kill_at(file, delay_s=dice.uniform(0, 0.02))
        with opened(database) as store:
            found = {
                key: (text.text, [each.draft for each in text.chunks]) for key, text in texts(store).items()
            }
        files = {name for name, _ in found}
        assert found == {key: whole for key, whole in expected.items() if key[0] in files}
        landed.append(len(files))
    assert landed == sorted(landed)
    assert 0 < landed[-1] < 30

    with opened(database) as store, opened(tmp_path / "clean.db") as clean:
        assert ingest_files(store, folder).ok
        assert ingest_files(clean, folder).ok
        assert [bare(text) for text in store.iter_texts()] == [bare(text) for text in clean.iter_texts()]
        assert store.counts() == clean.counts()
