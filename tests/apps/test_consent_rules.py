"""Which answer counts: the latest for the channel; dates, data and withdrawal hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guanxi.apps.consent.rules import CONSENT, GIVEN, OBJECTION, REFUSED, WITHDRAWN, Answer, judge, judge_channel

CHANNELS = ("phone", "sms", "email")
answers = st.lists(
    st.builds(
        Answer,
        id=st.integers(1, 1_000),
        at=st.integers(0, 50),
        answer=st.sampled_from((GIVEN, REFUSED, WITHDRAWN)),
        channels=st.frozensets(st.sampled_from(CHANNELS)),
        data=st.frozensets(st.sampled_from(("basic", "location"))),
        starts=st.none() | st.integers(0, 20),
        ends=st.none() | st.integers(0, 20),
    ),
    max_size=8,
    unique_by=lambda a: a.id,
)


def by_hand(basis: str, given_: list[Answer], channel: str, data: str, today: int) -> bool:
    """The same, replayed in the order of the answers."""
    state = basis == OBJECTION
    for one in sorted(given_, key=lambda a: (a.at, a.id)):
        if one.channels and channel not in one.channels:
            continue
        in_time = (one.starts is None or one.starts <= today) and (one.ends is None or today <= one.ends)
        state = one.answer == GIVEN and in_time and (not one.data or data in one.data)
    return state


@given(answers, st.sampled_from((CONSENT, OBJECTION)), st.sampled_from(CHANNELS), st.integers(0, 20))
def test_the_latest_answer_for_the_channel_decides(found: list[Answer], basis: str, channel: str, today: int) -> None:
    for data in ("basic", "location"):
        judged = judge_channel(basis, found, channel, (data,), today)
        assert judged.allowed == by_hand(basis, found, channel, data, today)


@given(answers, st.sampled_from((CONSENT, OBJECTION)), st.integers(0, 20))
def test_without_a_channel_only_what_every_channel_allows(found: list[Answer], basis: str, today: int) -> None:
    each = [judge_channel(basis, found, channel, (), today).allowed for channel in CHANNELS]
    assert judge(basis, found, "", CHANNELS, (), today).allowed == all(each)


@given(answers, st.sampled_from(CHANNELS))
def test_withdrawing_ends_it_whatever_was_said_before(found: list[Answer], channel: str) -> None:
    last = Answer(2_000, 60, WITHDRAWN)
    assert not judge_channel(OBJECTION, [*found, last], channel, (), 10).allowed
    again = Answer(2_001, 61, GIVEN)
    assert judge_channel(CONSENT, [*found, last, again], channel, (), 10).allowed


def test_an_older_paper_typed_in_later_does_not_undo_a_withdrawal() -> None:
    withdrawn, typed_later = Answer(1, 50, WITHDRAWN), Answer(2, 10, GIVEN)
    assert not judge_channel(CONSENT, [withdrawn, typed_later], "sms", (), 10).allowed
