"""A sealed text opens with its key and no other; the key file is its owner's alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.sealing import KEY_FILE, Seal
from knowledge_base.errors import SealBroken, SettingsError


def test_a_key_may_be_given_and_then_no_file_is_made(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    sealed = Seal(tmp_path, key).seal("13812345678")
    assert "138" not in sealed
    assert Seal(tmp_path, key).open(sealed) == "13812345678"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SealBroken):
        Seal(tmp_path, Fernet.generate_key().decode()).open(sealed)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    seals = [Seal(tmp_path / "data") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda seal: seal.seal("a"), seals))
    assert [seals[0].open(each) for each in sealed] == ["a"] * 8
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Seal(tmp_path).seal("a")
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Seal(tmp_path).seal("a")


def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="contact_key is no key") as refused:
        Seal(tmp_path, "geheim")
    assert "geheim" not in str(refused.value)
