"""The page's own modules: the client's tests run in node, and none of them writes markup from text."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from channels.web.page import STATIC

HERE = Path(__file__).parent


def test_the_client_passes_its_tests_in_node() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    run = subprocess.run(
        [node, "--test", str(HERE / "client.test.mjs")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_no_module_turns_text_into_markup_or_code(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source
    )


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.*")), ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(module: Path) -> None:
    source = module.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""["'(]\s*(https?:)?//[a-z]""", source)
