"""One hostile request, and what has to come of it."""

import dataclasses

# What a second, smuggled request would be.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

REASON_PHRASES = {400: "Bad Request", 414: "URI Too Long", 417: "Expectation Failed", 431: "Request Header Fields Too Large"}
REASON_PHRASES |= {501: "Not Implemented", 505: "HTTP Version Not Supported"}


@dataclasses.dataclass
class Case:
    # In one piece, with a request behind it that must not be seen, where the connection is to end.
    sends: bytes
    # All that the client gets until its connection is closed, without Date.
    gets: bytes
    # All that reaches the server.
    reaches: bytes = b""


def own_answer(target: str) -> bytes:
    body = f"own answer to {target}"
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def last_answer(target: str) -> bytes:
    """To a request that wants the connection closed."""
    return own_answer(target).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


def refusal(reason: str, status: int = 400) -> bytes:
    phrase = f"{status} {REASON_PHRASES[status]}"
    body = f"{phrase}: {reason}\n"
    head = f"HTTP/1.1 {phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def refused(reason: str, sends: bytes, status: int = 400) -> Case:
    return Case(sends + SMUGGLED, refusal(reason, status))


def lines(reason: str, status: int = 400, **request_lines: bytes) -> dict[str, Case]:
    """Request lines, each before fields that are good."""
    return {
        name.replace("_", " "): refused(reason, line + b"Host: test\r\n\r\n", status)
        for name, line in request_lines.items()
    }


def fields(reason: str, entries: dict[str, bytes], status: int = 400) -> dict[str, Case]:
    """Fields, each behind a good Host of a POST, before a body of chunks that holds a request."""
    return {
        name: refused(reason, b"POST / HTTP/1.1\r\nHost: test\r\n" + field + b"\r\n0\r\n\r\n", status)
        for name, field in entries.items()
    }
