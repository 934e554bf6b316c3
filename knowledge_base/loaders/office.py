"""Old word-processor files (doc, wps, rtf): made into docx by LibreOffice where it is installed.

It runs for one file at a time with a profile of its own that is thrown away, macros and links off,
and is ended with everything it started when its time is up.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from knowledge_base.errors import MissingTool, UnreadableFile
from knowledge_base.loaders import docx
from knowledge_base.loaders.reading_bytes import MAX_BYTES, read_bytes
from knowledge_base.records import Reading

PROGRAMS = ("soffice", "libreoffice")
TIMEOUT_S = 120.0

_RTF = b"{\\rtf"
# MacroSecurityLevel 3 runs nothing that is not signed by a trusted publisher; there is none.
_SETTINGS = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),
)
_PROFILE = '<oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>'.format(
    "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
)
_one_at_a_time = threading.Lock()


def read(data: bytes) -> Reading:
    """Return what the docx that LibreOffice makes of the file is read into.

    Raises:
        MissingTool: If LibreOffice is not installed.
        ClassifiedDocument, EncryptedFile: See `knowledge_base.loaders.docx`.
        UnreadableFile: If it cannot be converted, or not within `TIMEOUT_S`.
    """
    program = find_program()
    if program is None:
        raise MissingTool(
            "读取 doc、wps、rtf 要用 LibreOffice，而这台机器上没有：请安装（Debian、Ubuntu 上是"
            " apt-get install libreoffice-writer-nogui），或用 Word、WPS 另存为 .docx"
        )
    return Reading(docx.read(_as_docx(data, program)), notes=("由 LibreOffice 转换后读取，请核对编号和表格",))


def find_program() -> str | None:
    """Return the path of LibreOffice's program, None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def _as_docx(data: bytes, program: str) -> bytes:
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="wenzheng-office-") as name:
        folder = Path(name)
        # What WPS writes as .wps is the doc format; by its own suffix it would be taken for Microsoft Works.
        source = folder / ("in.rtf" if data.startswith(_RTF) else "in.doc")
        source.write_bytes(data)
        profile = folder / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        _run(
            [
                program,
                f"-env:UserInstallation={profile.parent.as_uri()}",
                "--headless",
                "--norestore",
                "--nolockcheck",
                "--nodefault",
                "--convert-to",
                "docx:MS Word 2007 XML",
                "--outdir",
                str(folder / "out"),
                str(source),
            ],
            folder,
        )
        converted = folder / "out" / "in.docx"
        if not converted.is_file():
            raise UnreadableFile(
                "LibreOffice 没能转换这个文件：可能已损坏或有密码，请用 Word 或 WPS 另存为 .docx"
            )
        return read_bytes(converted, MAX_BYTES)


def _run(command: list[str], folder: Path) -> None:
    # A proxy that nobody answers at: what honours the environment fetches nothing.
    nowhere = "http://127.0.0.1:9"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "SAL_USE_VCLPLUGIN": "svp",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }
    process = subprocess.Popen(  # noqa: S603
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFile(
            f"LibreOffice 在 {TIMEOUT_S:.0f} 秒内没有转换完：请用 Word 或 WPS 另存为 .docx"
        ) from error
    finally:
        # soffice is a script that starts the program: the whole group ends, also where it ended well.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
