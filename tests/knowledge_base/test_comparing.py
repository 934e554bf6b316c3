"""What two texts are found to differ in, 条 by 条, against changes made by hand and at random."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.chunking import chunk
from knowledge_base.comparing import ArticleChange, ArticleText, Piece, articles_of, compare, compare_words
from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind

PARK = (
    "云州市公园办法\n"
    "第一条 公园免费开放。\n"
    "第二条 公园每日6时开门，21时关门。\n"
    "第三条 公园内禁止吸烟。\n"
    "第四条 本办法由云州市园林局负责解释。"
)


def articles(text: str) -> tuple[ArticleText, ...]:
    source = assemble([Block(BlockKind.PARAGRAPH, line) for line in text.split("\n")])
    return articles_of(source.text, chunk(source, title=source.blocks[0].block.text))


def told(old: str, new: str) -> list[tuple[str, str, str]]:
    """Return kind, old label and new label of all that is not the same."""
    return [
        (change.kind, change.old.label if change.old else "", change.new.label if change.new else "")
        for change in compare(articles(old), articles(new))
        if change.kind != "same"
    ]


def test_a_text_is_the_same_as_itself() -> None:
    assert told(PARK, PARK) == []
    assert [change.new and change.new.label for change in compare(articles(PARK), articles(PARK))] == [
        "", "第一条", "第二条", "第三条", "第四条",
    ]  # fmt: skip


def test_changed_words_are_marked_and_a_number_changes_as_a_whole() -> None:
    changes = compare(articles(PARK), articles(PARK.replace("21时", "22时")))
    assert [change.pieces for change in changes if change.kind == "changed"] == [
        (
            Piece("same", "公园每日6时开门，"),
            Piece("removed", "21"),
            Piece("added", "22"),
            Piece("same", "时关门。"),
        )
    ]


def test_an_inserted_article_is_added_and_those_after_it_moved() -> None:
    later = (
        PARK.replace("第四条", "第五条")
        .replace("第三条", "第四条")
        .replace("第四条", "第三条 遛犬应当牵绳。\n第四条")
    )
    assert told(PARK, later) == [
        ("added", "", "第三条"),
        ("moved", "第三条", "第四条"),
        ("moved", "第四条", "第五条"),
    ]


def test_an_article_that_is_gone_stands_where_it_stood() -> None:
    later = PARK.replace("第二条 公园每日6时开门，21时关门。\n", "")
    assert told(PARK, later) == [("removed", "第二条", "")]


def test_a_renumbered_article_with_few_other_words_is_changed() -> None:
    later = PARK.replace("第一条 公园免费开放。\n", "").replace("第二条 公园每日6时", "第一条 公园每日5时")
    assert told(PARK, later) == [("removed", "第一条", ""), ("changed", "第二条", "第一条")]


def test_an_article_with_all_new_words_under_its_number_is_changed() -> None:
    assert told(PARK, PARK.replace("公园内禁止吸烟。", "遛犬者必须牵绳")) == [("changed", "第三条", "第三条")]


def test_nothing_compares_with_everything() -> None:
    assert [change.kind for change in compare((), articles(PARK))] == ["added"] * 5
    assert [change.kind for change in compare(articles(PARK), ())] == ["removed"] * 5


texts = st.text(alphabet="公园免费开放每日12时。，", max_size=24)
labels = st.sampled_from(["", "第一条", "第二条", "第三条", "一、"])
article = st.builds(ArticleText, labels, st.sampled_from([(), ("第一章 总则",)]), texts)
lists = st.lists(article, max_size=7)


@given(lists, lists)
def test_every_article_of_either_text_is_told_once(old: list[ArticleText], new: list[ArticleText]) -> None:
    changes = compare(old, new)
    by_old = [change.old for change in changes if change.old]
    assert sorted(by_old, key=repr) == sorted(old, key=repr)
    assert [change.new for change in changes if change.new] == new
    for change in changes:
        assert_true_to_kind(change)


def assert_true_to_kind(change: ArticleChange) -> None:
    old, new = change.old, change.new
    assert (old is None, new is None) == (change.kind == "added", change.kind == "removed")
    if change.kind == "same":
        assert old == new
    elif change.kind == "moved":
        assert old is not None
        assert new is not None
        assert old.body == new.body
    elif change.kind == "changed":
        assert old is not None
        assert new is not None
        assert spelled(change.pieces, "added") == old.body
        assert spelled(change.pieces, "removed") == new.body


def spelled(pieces: tuple[Piece, ...], without: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != without)


@given(lists, lists)
def test_what_is_added_one_way_is_removed_the_other(old: list[ArticleText], new: list[ArticleText]) -> None:
    there, back = compare(old, new), compare(new, old)
    count = [change.kind for change in there].count
    assert count("added") - count("removed") == len(new) - len(old)
    assert sorted(change.kind == "same" for change in compare(old, old)) == [True] * len(old)
    assert len(there) - len(old) == count("added")
    assert len(back) - len(new) == [change.kind for change in back].count("added")


@given(texts, texts)
def test_the_pieces_spell_both_texts(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert spelled(pieces, "added") == old
    assert spelled(pieces, "removed") == new
    assert all(piece.text for piece in pieces)
