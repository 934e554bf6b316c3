"""Old word-processor files: converted for real where LibreOffice is installed, refused by name where not."""

import io
import subprocess
import sys
import time
from pathlib import Path

import docx as python_docx
import pytest

from knowledge_base.errors import MissingTool, UnreadableFile
from knowledge_base.loaders import load, office

RTF = (
    r"{\rtf1\ansi\uc1 \u31532?\u19968?\u26465? \u20859?\u29356?\u24212?\u24403?\u30331?\u35760?\u12290?\par}"
)


@pytest.fixture
def no_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "PROGRAMS", ())


needs_office = pytest.mark.skipif(
    office.find_program() is None,
    reason="LibreOffice is not installed: apt-get install libreoffice-writer-nogui",
)


@pytest.mark.slow
@needs_office
def test_a_doc_made_by_libreoffice_and_named_doc_or_wps(tmp_path: Path) -> None:
    document = python_docx.Document()
    document.add_heading("云州市养犬管理办法", level=1)
    document.add_paragraph("第一条 养犬应当登记。")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(
        (cell for row in table.rows for cell in row.cells), ("区县", "电话", "松溪区", "1234"), strict=True
    ):
        cell.text = words
    document.add_paragraph("第二条 遛犬应当牵绳。")
    document.save(str(tmp_path / "a.docx"))
    program = office.find_program()
    assert program
    profile = (tmp_path / "profile").as_uri()
    command = [
        program,
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "doc:MS Word 97",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "a.docx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for name in ("办法.doc", "办法.wps"):
        (tmp_path / name).write_bytes((tmp_path / "a.doc").read_bytes())
        assert [block.text for block in load(tmp_path / name)] == [
            "云州市养犬管理办法",
            "第一条 养犬应当登记。",
            "松溪区 | 1234",
            "第二条 遛犬应当牵绳。",
        ]


@pytest.mark.slow
@needs_office
def test_an_rtf(tmp_path: Path) -> None:
    (tmp_path / "办法.rtf").write_text(RTF, encoding="ascii")
    assert [block.text for block in load(tmp_path / "办法.rtf")] == ["第一条 养犬应当登记。"]


@pytest.mark.usefixtures("no_office")
def test_without_libreoffice_the_cure_is_named() -> None:
    with pytest.raises(MissingTool, match="apt-get install libreoffice-writer-nogui"):
        office.read(RTF.encode())


def program(folder: Path, body: str) -> str:
    """Stand in for soffice; what is tested is how it is run, not what it makes."""
    path = folder / "soffice"
    path.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.slow
def test_time_is_bounded_and_what_it_started_ends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    body = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)\n"
    )
    monkeypatch.setattr(office, "PROGRAMS", (program(tmp_path, body),))
    monkeypatch.setattr(office, "TIMEOUT_S", 0.5)
    with pytest.raises(UnreadableFile, match="没有转换完"):
        office.read(RTF.encode())
    time.sleep(3.5)
    assert not mark.exists()


def test_nothing_made_is_named_and_the_profile_forbids_macros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "profile.xml"
    body = (
        "import pathlib, shutil, sys, urllib.parse\n"
        "profile = next(a for a in sys.argv if a.startswith('-env:')).partition('file://')[2]\n"
        "kept = pathlib.Path(urllib.parse.unquote(profile)) / 'user/registrymodifications.xcu'\n"
        f"shutil.copy(kept, {str(kept)!r})\n"
    )
    monkeypatch.setattr(office, "PROGRAMS", (program(tmp_path, body),))
    with pytest.raises(UnreadableFile, match="没能转换"):
        office.read(RTF.encode())
    assert 'DisableMacrosExecution" oor:op="fuse"><value>true' in kept.read_text(encoding="utf-8")


def test_what_it_makes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = python_docx.Document()
    document.add_paragraph("第一条 养犬应当登记。")
    file = io.BytesIO()
    document.save(file)
    made = tmp_path / "made.docx"
    made.write_bytes(file.getvalue())
    body = (
        "import os, shutil, sys\nout = sys.argv[sys.argv.index('--outdir') + 1]\nos.makedirs(out)\n"
        f"shutil.copy({str(made)!r}, out + '/in.docx')\n"
    )
    monkeypatch.setattr(office, "PROGRAMS", (program(tmp_path, body),))
    reading = office.read(RTF.encode())
    assert [block.text for block in reading.blocks] == ["第一条 养犬应当登记。"]
    assert "LibreOffice" in reading.notes[0]
