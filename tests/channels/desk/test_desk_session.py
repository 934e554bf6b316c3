"""An agent's line, decided without a socket."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.desk import Line
from bot.desk.handover import Handover, HandoverState, Need
from channels.desk.protocol import DeskPong, DeskRefusal, PresenceIs, Released, SetPresence, SignOn
from channels.desk.session import Admit, DeskSession, Hang, Leave, Perform, Tell

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def frame(type_: str, **fields: object) -> str:
    return json.dumps({"type": type_, **fields})


def talk(id_: int) -> Handover:
    return Handover(id_, f"c{id_}", HandoverState.TALKING, Need(), "asked", NOON, agent_id=1)


def line(id_: int, handover_id: int = 7) -> Line:
    return Line(id_, handover_id, "citizen", "", f"m{id_}", f"第{id_}句", NOON)


@pytest.fixture
def session() -> DeskSession:
    session = DeskSession()
    session.admitted("online")
    return session


def test_nothing_is_done_before_signing_on() -> None:
    session = DeskSession()
    tell, hang = session.receive(frame("overview"))
    assert isinstance(tell, Tell)
    assert isinstance(tell.message, DeskRefusal)
    assert hang == Hang(1008)
    assert session.receive(frame("ping")) == (Tell(DeskPong()),)
    assert session.receive(frame("sign_on", token="t")) == (Admit(SignOn(token="t")),)


def test_an_agent_signs_on_once_and_off(session: DeskSession) -> None:
    (again,) = session.receive(frame("sign_on", token="t"))
    assert isinstance(again, Tell)
    assert session.receive(frame("presence", away=True)) == (Perform(SetPresence(away=True)),)
    assert session.receive(frame("sign_off")) == (Leave(),)


def test_words_without_words_are_refused_under_their_id(session: DeskSession) -> None:
    (tell,) = session.receive(frame("say", handover_id=7, client_id="a1", text=" \n"))
    assert isinstance(tell, Tell)
    assert isinstance(tell.message, DeskRefusal)
    assert (tell.message.code, tell.message.client_id) == ("empty", "a1")


def test_a_talk_is_given_with_what_was_said_and_then_line_by_line(session: DeskSession) -> None:
    assert session.unknown([talk(7)]) == (talk(7),)
    assigned = session.assigned(talk(7), [], [line(1), line(2)], ["医保：问异地"])
    assert [each.text for each in assigned.lines] == ["第1句", "第2句"]
    assert assigned.notes == ("医保：问异地",)
    assert session.unknown([talk(7)]) == ()
    assert session.told_up_to(7) == 2
    assert [each.line.id for each in session.said([line(2), line(3), line(4)])] == [3, 4]
    assert session.said([line(3), line(4)]) == ()
    assert session.said([line(5, handover_id=8)]) == (), "of a talk that was not given, nothing"


def test_a_talk_that_is_gone_is_released_once_and_given_anew_when_it_is_back(session: DeskSession) -> None:
    session.assigned(talk(7), [], [line(1)], [])
    assert session.released([talk(7)]) == ()
    assert session.released([]) == (Released(handover_id=7),)
    assert session.released([]) == ()
    assert session.unknown([talk(7)]) == (talk(7),)


def test_a_presence_is_told_when_it_changes(session: DeskSession) -> None:
    assert session.presence("online") == ()
    assert session.presence("away") == (PresenceIs(presence="away"),)
    assert session.presence("away") == ()


@given(
    st.lists(st.one_of(st.text(), st.binary(), st.sampled_from([frame("ping"), frame("say")])), max_size=20)
)
def test_no_frame_breaks_a_line(frames: list[str | bytes]) -> None:
    session = DeskSession()
    for each in frames:
        assert not any(isinstance(action, Perform) for action in session.receive(each))
    assert session.receive(frame("ping")) == (Tell(DeskPong()),)
