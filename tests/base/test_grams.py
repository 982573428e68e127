"""The search tokenizer: whatever the re-check finds, the index must have offered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.grams import doc_grams, matches, query_grams

DOC = ["李张伟", "苏州华芯科技有限公司", "john.smith@example.com", "+8613800001234", "José Ltd"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("张伟", "text"),
        ("伟", "text"),
        ("zhangwei", "pinyin"),
        ("zhang wei", "pinyin"),
        ("zhangw", "pinyin"),
        ("lzw", "initials"),
        ("zw", "initials"),
        ("hxkj", "initials"),
        ("huaxin", "pinyin"),
        ("1234", "phone"),
        ("138 0000 1234", "phone"),
        ("+86 138 0000 1234", "phone"),
        ("smith", "text"),
        ("john.smith@example.com", "text"),
        ("jose", "text"),
        ("ＪＯＨＮ", "text"),
        ("李 1234", "text"),
        ("科技", "text"),
    ],
)
def test_found_and_why(query, why):
    assert set(query_grams(query)) <= doc_grams(DOC)
    found = matches(DOC, query)
    assert found is not None
    assert found[0].why == why


@pytest.mark.parametrize("query", ["王", "hangwei", "99999", "example", "李 5678", "伟张", "zz"])
def test_not_found(query):
    assert not (set(query_grams(query)) <= doc_grams(DOC) and matches(DOC, query))


def test_a_match_says_which_characters():
    assert [(m.start, m.stop) for m in matches(["李张伟"], "zw") or []] == [(1, 3)]
    assert [(m.start, m.stop) for m in matches(["ﬁrma Ω"], "irma") or []] == [(0, 4)]


LETTERS = st.text(st.sampled_from("张王李伟芳长重ab cé12@.+-한か"), max_size=12)


@given(st.lists(LETTERS, min_size=1, max_size=3), LETTERS)
def test_the_index_misses_nothing_the_check_would_take(pieces, query):
    if matches(pieces, query):
        assert set(query_grams(query)) <= doc_grams(pieces)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_safe(piece, query):
    query_grams(query)
    matches([piece], query)
    assert all(gram and "\0" not in gram for gram in doc_grams([piece]))
