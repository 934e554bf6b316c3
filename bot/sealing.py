"""Sealing what must not lie open in the database: a citizen's contact.

The key comes from a setting, or from a file that only the service's user can read, made at first use. Several
machines over one database need the setting: each would make a file of its own.
"""

import os
import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from knowledge_base.errors import SealBroken, SettingsError

KEY_FILE = "contact.key"
_OWNER_ONLY = 0o600


class Seal:
    """Seals and opens short texts (Fernet: AES-128-CBC with HMAC-SHA256). Safe to share between threads."""

    def __init__(self, data_dir: Path, key: str = "") -> None:
        """Take the key, or an empty one to use the file under `data_dir`; nothing is read yet.

        Raises:
            SettingsError: If the key is none.
        """
        self._path = data_dir / KEY_FILE
        self._lock = threading.Lock()
        self._fernet = _fernet(key.encode(), "contact_key") if key else None

    def seal(self, text: str) -> str:
        """Return the text sealed."""
        return self._ready().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            SealBroken: If it was sealed with another key, or is damaged.
        """
        try:
            return self._ready().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealBroken(
                f"联系方式打不开：密钥与保存时的不同，请检查 WENZHENG_CONTACT_KEY 或 {self._path}"
            ) from None

    def _ready(self) -> Fernet:
        with self._lock:
            if self._fernet is None:
                self._fernet = _fernet(self._key_of_file(), str(self._path))
            return self._fernet

    def _key_of_file(self) -> bytes:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            # Written whole under another name first: a process that finds the file finds all of the key.
            draft = self._path.with_name(f"{KEY_FILE}.{os.getpid()}.{threading.get_ident()}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, self._path)
            except FileExistsError:
                pass  # another process was first: its key counts
            finally:
                draft.unlink()
        if self._path.stat().st_mode & 0o077:
            raise SettingsError(
                f"{self._path} can be read by others; make it yours alone: chmod 600 {self._path}"
            )
        return self._path.read_bytes()


def _fernet(key: bytes, where: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise SettingsError(
            f"{where} is no key; make one with: python -c"
            " 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        ) from None
