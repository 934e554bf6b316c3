from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.splitting import Atom, partition


def atoms(*sizes: int, in_list: bool = False) -> list[Atom]:
    made: list[Atom] = []
    for size in sizes:
        start = made[-1].end + 1 if made else 0
        made.append(Atom(start, start + size, "", in_list=in_list, opens_list=False))
    return made


def sizes(pieces: list[list[Atom]]) -> list[int]:
    return [piece[-1].end - piece[0].start for piece in pieces]


def test_what_fits_stays_together() -> None:
    assert sizes(partition(atoms(40, 30, 20), 100)) == [92]


def test_pieces_are_few_and_balanced() -> None:
    # 4 × 40 + separators = 163: two pieces of 81, not 122 and 40.
    assert sizes(partition(atoms(40, 40, 40, 40), 125)) == [81, 81]


def test_what_cannot_be_divided_is_a_piece_of_its_own() -> None:
    assert sizes(partition(atoms(20, 300, 20), 100)) == [20, 300, 20]


def test_a_cut_between_paragraphs_is_better_than_one_inside_a_list() -> None:
    first, second = atoms(50, 50)
    items = [Atom(102 + n * 21, 122 + n * 21, "须交：", in_list=True, opens_list=False) for n in range(3)]
    pieces = partition([first, second.opening(), *items], 120)
    assert [len(piece) for piece in pieces] == [1, 4]


def test_an_introduction_stays_with_its_first_item() -> None:
    intro = Atom(0, 60, "", in_list=False, opens_list=True)
    items = [Atom(61 + n * 61, 121 + n * 61, "须交：", in_list=True, opens_list=False) for n in range(3)]
    pieces = partition([intro, *items], 130)
    assert [len(piece) for piece in pieces] == [2, 2]


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(20, 200))
def test_all_atoms_are_kept_in_order_and_no_piece_is_needlessly_long(lengths: list[int], limit: int) -> None:
    given_atoms = atoms(*lengths)
    pieces = partition(given_atoms, limit)
    assert [atom for piece in pieces for atom in piece] == given_atoms
    assert all(len(piece) == 1 or size <= limit for piece, size in zip(pieces, sizes(pieces), strict=True))
