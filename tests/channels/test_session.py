"""The server's side of a connection, decided without a socket."""

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import Event
from channels.protocol import ErrorMessage, Hello, Pong
from channels.session import Ask, Close, Open, Rate, Say, ServerSession


def new_session() -> ServerSession:
    return ServerSession(max_question_chars=500)


def question(client_id: str = "1", text: str = "公积金怎么提取？") -> str:
    return json.dumps({"type": "question", "client_id": client_id, "text": text})


def events(first: int, last: int) -> list[Event]:
    return [Event(seq, {"type": "block", "n": seq}) for seq in range(first, last + 1)]


def only_error(actions: tuple[object, ...]) -> ErrorMessage:
    (say,) = actions
    assert isinstance(say, Say)
    assert isinstance(say.message, ErrorMessage)
    return say.message


def test_hello_opens_once() -> None:
    session = new_session()
    assert session.receive('{"type": "hello", "region": "云岭省"}') == (Open(Hello(region="云岭省")),)
    assert only_error(session.receive('{"type": "hello"}')).code == "invalid_message"


def test_a_client_that_skips_hello_is_greeted_all_the_same() -> None:
    opened, asked = new_session().receive(question())
    assert opened == Open(Hello())
    assert isinstance(asked, Ask)


def test_a_ping_comes_back() -> None:
    assert new_session().receive('{"type": "ping", "t": 7}') == (Say(Pong(seq=0, t=7)),)


def test_feedback_is_stored() -> None:
    session = new_session()
    session.receive('{"type": "hello"}')
    (rate,) = session.receive('{"type": "feedback", "answer_id": "a", "value": "up"}')
    assert isinstance(rate, Rate)


def test_a_question_beyond_the_limit_is_refused_with_both_numbers() -> None:
    error = only_error(new_session().receive(question("c1", "问" * 612)))
    assert (error.code, error.client_id) == ("too_long", "c1")
    assert "612" in error.message
    assert "500" in error.message


def test_a_frame_beyond_the_limit_ends_the_connection() -> None:
    say, close = new_session().receive("x" * 1_048_577)
    assert isinstance(say, Say)
    assert close == Close(1009)


@given(st.lists(st.one_of(st.text(), st.binary(), st.sampled_from([question(), '{"type": "hello"}']))))
def test_no_frame_breaks_a_session(frames: list[str | bytes]) -> None:
    session = new_session()
    opened = 0
    for frame in frames:
        opened += sum(isinstance(action, Open) for action in session.receive(frame))
    assert opened <= 1
    assert session.receive('{"type": "ping", "t": 1}') == (Say(Pong(seq=0, t=1)),)


def test_what_is_due_is_what_comes_after_the_cursor() -> None:
    session = new_session()
    session.opened("c", 2)
    assert [message["seq"] for message in session.due(events(1, 4))] == [3, 4]
    assert session.due(events(1, 4)) == []
    assert [message["seq"] for message in session.again(events(3, 6))] == [3, 4]


class Client:
    """Holds messages as any client must: in order, each once."""

    def __init__(self) -> None:
        self.held: list[int] = []

    def take(self, seq: int) -> None:
        if seq == len(self.held) + 1:
            self.held.append(seq)


@st.composite
def histories(draw: st.DrawFn) -> Iterator[tuple[str, int]]:
    step = st.tuples(st.sampled_from(["append", "deliver", "duplicate", "lose", "reread"]), st.integers(0, 5))
    return iter(draw(st.lists(step, max_size=60)))


@given(histories())
def test_after_resuming_the_client_holds_every_message_once_and_in_order(
    history: Iterator[tuple[str, int]],
) -> None:
    """Messages are appended, delivered, duplicated, read from stale snapshots, and lost with the line."""
    stored: list[Event] = []
    client, session, on_the_wire = Client(), new_session(), list[int]()
    session.opened("c", 0)

    def tell(visible: list[Event]) -> None:
        on_the_wire.extend(int(str(message["seq"])) for message in session.due(visible))

    def resume() -> ServerSession:
        on_the_wire.clear()
        resumed = new_session()
        resumed.opened("c", len(client.held))
        return resumed

    for action, amount in history:
        match action:
            case "append":
                stored.append(Event(len(stored) + 1, {"type": "block"}))
                tell(stored)
            case "deliver":
                for _ in range(min(amount, len(on_the_wire))):
                    client.take(on_the_wire.pop(0))
            case "duplicate":
                on_the_wire.extend(int(str(message["seq"])) for message in session.again(stored[:amount]))
            case "reread":
                tell(stored[:amount])
            case _:
                session = resume()
    session = resume()
    tell(stored)
    for seq in on_the_wire:
        client.take(seq)
    assert client.held == [event.seq for event in stored]
