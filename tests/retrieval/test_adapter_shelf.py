"""Which adapter is worn: the packaged one, one trained here, and always the way back to the one before."""

from pathlib import Path

import pytest

from knowledge_base.errors import EncoderError
from retrieval.adapter import MEMBERS
from retrieval.adapter_shelf import AdapterShelf

PACKAGED = Path("packaged")


@pytest.fixture
def shelf(tmp_path: Path) -> AdapterShelf:
    return AdapterShelf(tmp_path / "adapters" / "model", PACKAGED)


def put(shelf: AdapterShelf, *names: str) -> None:
    for name in names:
        for member in MEMBERS:
            shelf.place(name).mkdir(parents=True, exist_ok=True)
            (shelf.place(name) / member).write_text(name)


def test_at_first_the_packaged_one_is_in_use(shelf: AdapterShelf) -> None:
    assert shelf.in_use() == PACKAGED
    assert not shelf.can_undo()
    assert AdapterShelf(shelf.folder, None).in_use() is None


def test_a_switch_can_be_undone_and_the_undoing_too(shelf: AdapterShelf) -> None:
    put(shelf, "monday")
    shelf.switch("monday")
    assert (shelf.in_use(), shelf.before()) == (shelf.place("monday"), PACKAGED)
    assert shelf.can_undo()
    shelf.undo()
    assert (shelf.in_use(), shelf.before()) == (PACKAGED, shelf.place("monday"))
    shelf.undo()
    assert shelf.in_use() == shelf.place("monday")


def test_only_the_adapter_in_use_and_the_one_before_are_kept(shelf: AdapterShelf) -> None:
    for name in ("monday", "tuesday", "wednesday"):
        put(shelf, name)
        shelf.switch(name)
    assert sorted(path.name for path in shelf.folder.iterdir() if path.is_dir()) == ["tuesday", "wednesday"]


def test_one_that_was_not_put_to_use_can_be_removed_one_in_use_cannot(shelf: AdapterShelf) -> None:
    put(shelf, "monday")
    shelf.switch("monday")
    put(shelf, "tuesday")
    shelf.remove("tuesday")
    shelf.remove("monday")
    assert [path.name for path in shelf.folder.iterdir() if path.is_dir()] == ["monday"]


def test_what_is_not_there_cannot_be_put_to_use(shelf: AdapterShelf) -> None:
    with pytest.raises(EncoderError, match="sunday is not there"):
        shelf.switch("sunday")
    assert shelf.in_use() == PACKAGED


def test_a_lost_adapter_and_a_damaged_pointer_say_how_to_go_on(shelf: AdapterShelf) -> None:
    put(shelf, "monday")
    shelf.switch("monday")
    (shelf.place("monday") / MEMBERS[0]).unlink()
    with pytest.raises(EncoderError, match="put it back, or remove"):
        shelf.in_use()
    (shelf.folder / "IN_USE").write_text("monday")
    with pytest.raises(EncoderError, match=r"IN_USE cannot be read .* remove it"):
        shelf.in_use()
