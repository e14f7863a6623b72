"""What two sides of a proxy do in one exchange, and what must arrive at each, whatever is spoken between."""

import dataclasses
import enum

from tests.support.pattern import pattern

Trailers = list[tuple[str, str]]
REQUEST_TRAILERS: Trailers = [("x-request-trailer", "one"), ("x-another", "two")]
RESPONSE_TRAILERS: Trailers = [("x-response-trailer", "three"), ("x-status", "0")]


@dataclasses.dataclass(frozen=True)
class Body:
    size: int = 0
    # Content-Length is sent.
    has_length: bool = False
    # Without either there is no body at all: its head ends the message.
    is_streamed: bool = False

    @property
    def octets(self) -> bytes:
        return pattern(self.size)

    @property
    def is_there(self) -> bool:
        return self.has_length or self.is_streamed

    def half(self) -> bytes:
        return self.octets[: self.size // 2]


NONE = Body()
WITH_LENGTH = Body(1_000, has_length=True)
STREAMED = Body(1_000, is_streamed=True)
EMPTY_WITH_LENGTH = Body(0, has_length=True)
EMPTY_STREAMED = Body(0, is_streamed=True)
LARGE = Body(2**20, is_streamed=True)
LARGE_WITH_LENGTH = Body(2**20, has_length=True)

BODIES = {
    "none": NONE,
    "a length": WITH_LENGTH,
    "streamed": STREAMED,
    "a length of 0": EMPTY_WITH_LENGTH,
    "empty streamed": EMPTY_STREAMED,
    "1 MiB streamed": LARGE,
    "1 MiB with a length": LARGE_WITH_LENGTH,
}


class Abort(enum.Enum):
    NEVER = "never"
    CLIENT_IN_REQUEST = "the client, in its request"
    CLIENT_IN_RESPONSE = "the client, in the response"
    SERVER_BEFORE_HEAD = "the server, before its head"
    SERVER_IN_BODY = "the server, in its body"


@dataclasses.dataclass(frozen=True)
class Exchange:
    request: Body = NONE
    response: Body = NONE
    request_trailers: bool = False
    response_trailers: bool = False
    # An interim response (103) comes first.
    interim: bool = False
    # The server answers when it has read the head; the client sends the second half of its body after that.
    early_answer: bool = False
    abort: Abort = Abort.NEVER
    method: str = "POST"
    status: int = 200


@dataclasses.dataclass
class Seen:
    """What one side got of the other's message."""

    body: bytes = b""
    trailers: Trailers = dataclasses.field(default_factory=list)
    # It ended in order: whoever reads it takes it for the whole.
    whole: bool = False
    # The client's alone.
    status: int | None = None
    interim: list[int] = dataclasses.field(default_factory=list)


def check_server(exchange: Exchange, seen: Seen) -> None:
    """Whether that is what the server must have got."""
    if exchange.early_answer:
        assert exchange.request.octets.startswith(seen.body)
        return
    if exchange.abort == Abort.CLIENT_IN_REQUEST:
        assert not seen.whole, "half a request was taken for a whole one"
        assert exchange.request.half().startswith(seen.body)
        return
    assert seen.whole
    assert seen.body == exchange.request.octets
    assert seen.trailers == (REQUEST_TRAILERS if exchange.request_trailers else [])


def check_client(exchange: Exchange, seen: Seen) -> None:
    """Whether that is what the client must have got."""
    if exchange.abort in (Abort.CLIENT_IN_REQUEST, Abort.CLIENT_IN_RESPONSE):
        return  # it did not stay to see
    if exchange.abort == Abort.SERVER_BEFORE_HEAD:
        assert (seen.status, seen.whole) == (502, True)
        return
    if exchange.abort == Abort.SERVER_IN_BODY:
        # A reset may overtake the head.
        assert seen.status in (exchange.status, None)
        assert not seen.whole, "half a response was passed on as a whole one"
        assert exchange.response.half().startswith(seen.body)
        return
    assert (seen.status, seen.whole) == (exchange.status, True)
    assert seen.body == (b"" if exchange.method == "HEAD" else exchange.response.octets)
    assert seen.trailers == (RESPONSE_TRAILERS if exchange.response_trailers else [])
    assert seen.interim == ([103] if exchange.interim else [])


EXCHANGES: dict[str, Exchange] = {
    **{f"request: {name}": Exchange(request=body, response=WITH_LENGTH) for name, body in BODIES.items()},
    **{f"response: {name}": Exchange(response=body) for name, body in BODIES.items() if body != NONE},
    "both: 1 MiB": Exchange(request=LARGE, response=LARGE),
    "GET with a body": Exchange(request=STREAMED, response=STREAMED, method="GET"),
    "HEAD": Exchange(response=WITH_LENGTH, method="HEAD"),
    "HEAD, streamed": Exchange(response=STREAMED, method="HEAD"),
    "status 204": Exchange(status=204),
    "status 404 with a length of 0": Exchange(response=EMPTY_WITH_LENGTH, method="GET", status=404),
    "an interim response": Exchange(response=STREAMED, interim=True),
    "trailers of the request": Exchange(request=STREAMED, response=WITH_LENGTH, request_trailers=True),
    "trailers of the response": Exchange(response=STREAMED, response_trailers=True),
    "trailers of both": Exchange(request=LARGE, response=LARGE, request_trailers=True, response_trailers=True),
    "trailers behind empty bodies": Exchange(
        request=EMPTY_STREAMED, response=EMPTY_STREAMED, request_trailers=True, response_trailers=True
    ),
    "an early answer": Exchange(request=STREAMED, response=WITH_LENGTH, early_answer=True),
    "an early answer to a request with a length": Exchange(request=WITH_LENGTH, response=STREAMED, early_answer=True),
    "an early answer without a body": Exchange(request=STREAMED, response=EMPTY_WITH_LENGTH, early_answer=True),
    **{
        f"{abort.value} aborts, {name}": Exchange(request=body, response=body, abort=abort)
        for abort in Abort
        for name, body in {"streamed": STREAMED, "a length": WITH_LENGTH, "1 MiB": LARGE}.items()
        if abort != Abort.NEVER
    },
    "the server, before its head, aborts GET": Exchange(abort=Abort.SERVER_BEFORE_HEAD, method="GET"),
    "the server aborts where trailers were due": Exchange(
        request=STREAMED, response=STREAMED, response_trailers=True, abort=Abort.SERVER_IN_BODY
    ),
}
