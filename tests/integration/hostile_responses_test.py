"""Answers made to break a proxy, or to become another client's: what the client gets of each, byte for byte, whether the
connection to the server may be used again, and that whoever asks next gets his own answer (RFC 9112 §6.3, §9, §11.1)."""

import contextlib
import dataclasses
import pathlib
import queue
import re
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

# What an answer that belongs to nobody would say.
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


@dataclasses.dataclass
class Case:
    """One hostile answer and what has to come of it."""

    # What the server sends when it has read the request, in one piece.
    sends: bytes
    # What the client gets, without Date.
    client: bytes
    # What the server does afterwards: "wait" for the proxy to close or to ask again, "close" or "reset".
    then: str = "wait"
    # The connection to the server may carry the next request.
    kept: bool = False
    # The client's connection ends with what it got.
    cut: bool = False
    method: str = "GET"


def bad_gateway(reason: str, method: str = "GET") -> bytes:
    """What a client gets in place of an answer that can't be passed on."""
    body = f"502 Bad Gateway: {reason}\n"
    head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else body.encode())


def refused(reason: str, sends: bytes, then: str = "wait", method: str = "GET") -> Case:
    return Case(sends, bad_gateway(reason, method), then=then, method=method)


def with_line(reason: str, line: bytes) -> Case:
    """A status line, before a response that would be good."""
    return refused(reason, line + b"Content-Length: 4\r\n\r\nevil")


def with_fields(reason: str, fields: bytes, body: bytes = b"evil") -> Case:
    """Fields, in a response that would be good."""
    return refused(reason, b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + body)


MALFORMED = "malformed status line"
CLOSED = "the server closed the connection before it answered"
WITHIN = "the server closed the connection within its response"

STATUS_LINES = {
    "no status": with_line(MALFORMED, b"HTTP/1.1 OK\r\n"),
    "nothing behind the version": with_line(MALFORMED, b"HTTP/1.1\r\n"),
    "status of two digits": with_line(MALFORMED, b"HTTP/1.1 20 OK\r\n"),
    "status of four digits": with_line(MALFORMED, b"HTTP/1.1 2000 OK\r\n"),
    "status with a sign": with_line(MALFORMED, b"HTTP/1.1 +20 OK\r\n"),
    "status with a letter": with_line(MALFORMED, b"HTTP/1.1 2O0 OK\r\n"),
    "status 000": with_line("status outside 100 to 599", b"HTTP/1.1 000 OK\r\n"),
    "status 099": with_line("status outside 100 to 599", b"HTTP/1.1 099 OK\r\n"),
    "status 600": with_line("status outside 100 to 599", b"HTTP/1.1 600 OK\r\n"),
    "status 999": with_line("status outside 100 to 599", b"HTTP/1.1 999 OK\r\n"),
    "two spaces": with_line(MALFORMED, b"HTTP/1.1  200 OK\r\n"),
    "tab behind the version": with_line(MALFORMED, b"HTTP/1.1\t200 OK\r\n"),
    "tab behind the status": with_line(MALFORMED, b"HTTP/1.1 200\tOK\r\n"),
    "no space behind the status": with_line(MALFORMED, b"HTTP/1.1 200OK\r\n"),
    "lower case": with_line(MALFORMED, b"http/1.1 200 OK\r\n"),
    "HTTP/2.0": with_line("major version other than HTTP/1", b"HTTP/2.0 200 OK\r\n"),
    "HTTP/0.9 by name": with_line("major version other than HTTP/1", b"HTTP/0.9 200 OK\r\n"),
    "HTTP/1.10": with_line(MALFORMED, b"HTTP/1.10 200 OK\r\n"),
    "HTTP/1": with_line(MALFORMED, b"HTTP/1 200 OK\r\n"),
    "HTTP/01.1": with_line("major version other than HTTP/1", b"HTTP/01.1 200 OK\r\n"),
    "Icecast": with_line(MALFORMED, b"ICY 200 OK\r\n"),
    "without a version": with_line(MALFORMED, b"200 OK\r\n"),
    "HTTP/0.9": refused(MALFORMED, b"<html>hello</html>\n", then="close"),
    "an empty line before it": with_line(MALFORMED, b"\r\nHTTP/1.1 200 OK\r\n"),
    "a bare LF before it": with_line(MALFORMED, b"\nHTTP/1.1 200 OK\r\n"),
    "a space before it": with_line(MALFORMED, b" HTTP/1.1 200 OK\r\n"),
    "bare LF": with_line("bare LF in the status line", b"HTTP/1.1 200 OK\n"),
    "bare CR": with_line("bare CR in the status line", b"HTTP/1.1 200 OK\rX: y\r\n"),
    "CR CR LF": with_line("bare CR in the status line", b"HTTP/1.1 200 OK\r\r\n"),
    "NUL": with_line("control character in the status line", b"HTTP/1.1 200 O\0K\r\n"),
    "escape sequence": with_line("control character in the status line", b"HTTP/1.1 200 \x1b[31mOK\r\n"),
    "DEL": with_line("control character in the status line", b"HTTP/1.1 200 O\x7fK\r\n"),
    "TLS alert": refused(MALFORMED, b"\x15\x03\x01\x00\x02\x02\x0a", then="close"),
    "SSH": refused(MALFORMED, b"SSH-2.0-OpenSSH_9.2\r\n"),
    "SMTP": refused(MALFORMED, b"220 mail.example.org ESMTP\r\n"),
    "HTTP/2 preface of a server": refused(MALFORMED, b"\0\0\x12\4\0\0\0\0\0" + b"\0\3\0\0\0\x80\0\4\0\1\0\0\0\5\0\xff\xff\xff"),
    "a request": refused(MALFORMED, b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"),
    "our own request": refused(MALFORMED, b"GET /hostile HTTP/1.1\r\nHost: test\r\n\r\n"),
    "endless status line": refused("response head larger than the limit", b"HTTP/1.1 200 " + b"a" * 70_000),
}

FIELDS = {
    "bare LF behind a field": with_fields("bare LF in a field line", b"X: y\nContent-Length: 4\r\n"),
    "bare LF at the end": refused("bare LF in a field line", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\nevil"),
    "only bare LF": refused("bare LF in the status line", b"HTTP/1.1 200 OK\nContent-Length: 4\n\nevil"),
    "bare CR in a value": with_fields("bare CR in a field line", b"X: a\rb\r\nContent-Length: 4\r\n"),
    "CR CR LF": with_fields("bare CR in a field line", b"X: a\r\r\nContent-Length: 4\r\n"),
    "bare CR at the end": refused("bare CR in a field line", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\revil"),
    "NUL in a value": with_fields("NUL in a field value", b"X: a\0b\r\nContent-Length: 4\r\n"),
    "NUL in a name": with_fields("invalid character in a field name", b"X\0: a\r\nContent-Length: 4\r\n"),
    "control character": with_fields("control character in a field value", b"X: \x01\r\nContent-Length: 4\r\n"),
    "DEL in a value": with_fields("control character in a field value", b"X: \x7f\r\nContent-Length: 4\r\n"),
    "folded line": with_fields("white space before a field name, or a folded line", b"X: a\r\n b\r\nContent-Length: 4\r\n"),
    "folded line by tab": with_fields(
        "white space before a field name, or a folded line", b"X: a\r\n\tContent-Length: 9\r\nContent-Length: 4\r\n"
    ),
    "folded first field": with_fields(
        "white space before a field name, or a folded line", b" X: a\r\nContent-Length: 4\r\n"
    ),
    "space before a colon": with_fields(
        "white space in a field name or before its colon", b"Content-Length : 4\r\n"
    ),
    "empty name": with_fields("empty field name", b": a\r\nContent-Length: 4\r\n"),
    "no colon": with_fields("field line without a colon", b"X\r\nContent-Length: 4\r\n"),
    "letters beyond ASCII in a name": with_fields(
        "invalid character in a field name", b"X\xe9: a\r\nContent-Length: 4\r\n"
    ),
    "too many fields": with_fields("more fields than the limit", b"X: y\r\n" * 101 + b"Content-Length: 4\r\n"),
    "a field beyond the limit": with_fields("response head larger than the limit", b"X: " + b"y" * 70_000 + b"\r\n"),
    "a name beyond the limit": with_fields("response head larger than the limit", b"X" * 70_000 + b": y\r\n"),
    "a head that never ends": refused("more fields than the limit", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000),
}

TWO_LENGTHS = "more than one Content-Length"
INVALID_LENGTH = "invalid Content-Length"
BOTH = "both Transfer-Encoding and Content-Length"
NOT_CHUNKED = "Transfer-Encoding does not end in a single chunked"
UNSUPPORTED = "unsupported transfer coding"
CHUNKS = b"4\r\nevil\r\n0\r\n\r\n"

FRAMING = {
    "two lengths": with_fields(TWO_LENGTHS, b"Content-Length: 4\r\nContent-Length: 0\r\n"),
    "the same length twice": with_fields(TWO_LENGTHS, b"Content-Length: 4\r\nContent-Length: 4\r\n"),
    "a list of lengths": with_fields(INVALID_LENGTH, b"Content-Length: 4, 4\r\n"),
    "a list of different lengths": with_fields(INVALID_LENGTH, b"Content-Length: 4, 0\r\n"),
    "negative length": with_fields(INVALID_LENGTH, b"Content-Length: -4\r\n"),
    "length with a sign": with_fields(INVALID_LENGTH, b"Content-Length: +4\r\n"),
    "length in hex": with_fields(INVALID_LENGTH, b"Content-Length: 0x4\r\n"),
    "length with underscores": with_fields(INVALID_LENGTH, b"Content-Length: 1_0\r\n"),
    "length with a space": with_fields(INVALID_LENGTH, b"Content-Length: 4 0\r\n"),
    "length with a fraction": with_fields(INVALID_LENGTH, b"Content-Length: 4.0\r\n"),
    "empty length": with_fields(INVALID_LENGTH, b"Content-Length: \r\n"),
    "length of 2^63": with_fields(INVALID_LENGTH, b"Content-Length: 9223372036854775808\r\n"),
    "length of 2^64 + 4": with_fields(INVALID_LENGTH, b"Content-Length: 18446744073709551620\r\n"),
    "length and chunks": with_fields(BOTH, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    "chunks and length": with_fields(BOTH, b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKS),
    "chunks and a length of 0": with_fields(BOTH, b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", CHUNKS),
    "two codings": with_fields(
        "more than one Transfer-Encoding", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS
    ),
    "chunked twice": with_fields(NOT_CHUNKED, b"Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
    "chunked not last": with_fields(NOT_CHUNKED, b"Transfer-Encoding: chunked, gzip\r\n", CHUNKS),
    "not chunked at all": with_fields(NOT_CHUNKED, b"Transfer-Encoding: gzip\r\n", CHUNKS),
    "identity": with_fields(NOT_CHUNKED, b"Transfer-Encoding: identity\r\n", CHUNKS),
    "identity beside a length": with_fields(NOT_CHUNKED, b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n"),
    "almost chunked": with_fields(NOT_CHUNKED, b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "chunked with a parameter": with_fields(NOT_CHUNKED, b"Transfer-Encoding: chunked;q=1\r\n", CHUNKS),
    "chunked in quotes": with_fields(NOT_CHUNKED, b'Transfer-Encoding: "chunked"\r\n', CHUNKS),
    "empty coding": with_fields(NOT_CHUNKED, b"Transfer-Encoding:\r\n", CHUNKS),
    "a coding before chunked": with_fields(UNSUPPORTED, b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    "vertical tab before chunked": with_fields(
        "control character in a field value", b"Transfer-Encoding: \x0bchunked\r\n", CHUNKS
    ),
    "space before the colon": with_fields(
        "white space in a field name or before its colon", b"Transfer-Encoding : chunked\r\n", CHUNKS
    ),
    "chunks of HTTP/1.0": refused(
        "Transfer-Encoding in HTTP/1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
    ),
    "204 with two lengths": refused(
        TWO_LENGTHS, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n"
    ),
    "304 with length and chunks": refused(
        BOTH, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "HEAD with length and chunks": refused(
        BOTH, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", method="HEAD"
    ),
}

INTERIM = b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

INTERIM_RESPONSES = {
    "a flood of 1xx": Case(
        INTERIM * 33 + OK, INTERIM * 32 + bad_gateway("too many interim responses")
    ),
    "1xx without an end": Case(INTERIM * 1000, INTERIM * 32 + bad_gateway("too many interim responses")),
    "a flood of 100": refused("too many interim responses", b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK),
    "1xx with a body": Case(
        INTERIM[:-2] + b"Content-Length: 4\r\n\r\nevil" + OK, INTERIM + bad_gateway(MALFORMED)
    ),
    "1xx with chunks": Case(
        INTERIM[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + OK, INTERIM + bad_gateway(MALFORMED)
    ),
    "1xx with two lengths": refused(
        TWO_LENGTHS, INTERIM[:-2] + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n" + OK
    ),
    "1xx, then nothing": Case(INTERIM, INTERIM + bad_gateway(WITHIN), then="close"),
    "1xx, then a malformed response": Case(INTERIM + b"HTTP/1.1 OK\r\n\r\n", INTERIM + bad_gateway(MALFORMED)),
    "101 that nobody asked for": refused(
        "101 without an upgrade",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" + POISON,
    ),
    "101 to HTTP/2": refused(
        "101 without an upgrade",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n\0\0\0\4\0\0\0\0\0",
    ),
    "a good 1xx": Case(INTERIM + OK, INTERIM + OK, kept=True),
}

ENDS = {
    "no answer at all": refused(CLOSED, b"", then="close"),
    "a reset in place of an answer": refused(CLOSED, b"", then="reset"),
    "a part of the status line": refused(WITHIN, b"HTTP/1.1 2", then="close"),
    "a part of the status line, then a reset": refused(WITHIN, b"HTTP/1.1 2", then="reset"),
    "a status line alone": refused(WITHIN, b"HTTP/1.1 200 OK\r\n", then="close"),
    "a head without its end": refused(WITHIN, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", then="close"),
    "a head without its last LF": refused(WITHIN, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r", then="close"),
}

LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(sends: bytes, then: str = "wait", passed: bytes | None = None) -> Case:
    """The client gets what came, or `passed`, and then the end of its connection."""
    return Case(sends, sends if passed is None else passed, then=then, cut=True)


CUT_BODIES = {
    "a body shorter than its length": cut(LONG + b"half", then="close"),
    "no body where a length says so": cut(LONG, then="close"),
    "a body that ends in a reset": cut(LONG + b"half", then="reset"),
    "chunks that end behind one": cut(STREAM + b"4\r\nhalf\r\n", then="close"),
    "chunks that end within one": cut(STREAM + b"8\r\nhalf", then="close", passed=STREAM + b"4\r\nhalf\r\n"),
    "chunks that end within a size": cut(STREAM + b"4\r\nhalf\r\n4", then="close", passed=STREAM + b"4\r\nhalf\r\n"),
    "chunks that end in a reset": cut(STREAM + b"4\r\nhalf\r\n", then="reset"),
    "a last chunk without its end": cut(
        STREAM + b"4\r\nhalf\r\n0\r\n", then="close", passed=STREAM + b"4\r\nhalf\r\n"
    ),
    "a chunk size that is none": cut(STREAM + b"4\r\nhalf\r\nzz\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a negative chunk size": cut(STREAM + b"4\r\nhalf\r\n-1\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a chunk size with 0x": cut(STREAM + b"4\r\nhalf\r\n0x4\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a chunk size with a space before it": cut(STREAM + b"4\r\nhalf\r\n 4\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a chunk size beyond 64 bits": cut(
        STREAM + b"4\r\nhalf\r\n10000000000000004\r\nevil", passed=STREAM + b"4\r\nhalf\r\n"
    ),
    "a chunk longer than it says": cut(STREAM + b"4\r\nhalf!\r\n0\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a bare LF behind a size": cut(STREAM + b"4\nhalf\r\n0\r\n\r\n", passed=STREAM),
    "a bare LF behind a chunk": cut(STREAM + b"4\r\nhalf\n0\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "a chunk extension beyond the limit": cut(STREAM + b"4;" + b"a" * 2000 + b"\r\nevil\r\n", passed=STREAM),
    "a bare LF in a chunk extension": cut(STREAM + b"4;a\nb\r\nevil\r\n", passed=STREAM),
    "a length in trailers": cut(
        STREAM + b"4\r\nhalf\r\n0\r\nContent-Length: 4\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"
    ),
    "a coding in trailers": cut(
        STREAM + b"4\r\nhalf\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"
    ),
    "a cookie in trailers": cut(
        STREAM + b"4\r\nhalf\r\n0\r\nSet-Cookie: a=b\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"
    ),
    "malformed trailers": cut(STREAM + b"4\r\nhalf\r\n0\r\nX : y\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "folded trailers": cut(STREAM + b"4\r\nhalf\r\n0\r\nX: y\r\n z\r\n\r\n", passed=STREAM + b"4\r\nhalf\r\n"),
    "trailers beyond the limit": cut(
        STREAM + b"4\r\nhalf\r\n0\r\n" + b"X: y\r\n" * 100 + b"\r\n", passed=STREAM + b"4\r\nhalf\r\n"
    ),
}

# The answer is good and comes whole; what follows it may be nobody's.
LEFT_OVERS = {
    "a second answer behind a length": Case(OK + POISON, OK),
    "a second answer behind chunks": Case(STREAM + b"2\r\nok\r\n0\r\n\r\n" + POISON, STREAM + b"2\r\nok\r\n0\r\n\r\n"),
    "a second answer behind a length of 0": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + POISON, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    ),
    "a byte behind a length": Case(OK + b"!", OK),
    "an empty line behind a length": Case(OK + b"\r\n", OK),
    "a byte behind chunks": Case(STREAM + b"2\r\nok\r\n0\r\n\r\n!", STREAM + b"2\r\nok\r\n0\r\n\r\n"),
    "204 with a body": Case(b"HTTP/1.1 204 No Content\r\n\r\n" + POISON, b"HTTP/1.1 204 No Content\r\n\r\n"),
    "204 with a length and a body": Case(
        b"HTTP/1.1 204 No Content\r\nContent-Length: 52\r\n\r\n" + POISON, b"HTTP/1.1 204 No Content\r\n\r\n"
    ),
    "204 with chunks": Case(
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, b"HTTP/1.1 204 No Content\r\n\r\n"
    ),
    "204 with a length and no body": Case(
        b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"
    ),
    "304 with a body": Case(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 52\r\n\r\n" + POISON,
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 52\r\n\r\n",
    ),
    "304 with chunks": Case(
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
    ),
    "HEAD with a body": Case(OK + POISON, OK[:-2], method="HEAD"),
    "HEAD with chunks": Case(STREAM + CHUNKS, b"HTTP/1.1 200 OK\r\n\r\n", method="HEAD"),
    "an end that was not announced": Case(OK, OK, then="close"),
    "close announced, and a second answer": Case(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" + POISON, OK
    ),
    "HTTP/1.0 without keep-alive, and a second answer": Case(
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" + POISON, OK
    ),
    "a good answer": Case(OK, OK, kept=True),
    "a good answer in chunks": Case(
        STREAM + b"2\r\nok\r\n0\r\nX: y\r\n\r\n", STREAM + b"2\r\nok\r\n0\r\nX: y\r\n\r\n", kept=True
    ),
    "a good answer to HEAD": Case(OK[:-2], OK[:-2], kept=True, method="HEAD"),
    "a good 304": Case(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
        kept=True,
    ),
    "no reason phrase": Case(
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", kept=True
    ),
    "letters beyond ASCII in a value": Case(
        b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Length: 2\r\n\r\nok",
        kept=True,
    ),
    "options that would remove the framing": Case(
        b"HTTP/1.1 200 OK\r\nConnection: Content-Length, X\r\nX: y\r\nContent-Length: 2\r\n\r\nok", OK, kept=True
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "status line": STATUS_LINES,
        "fields": FIELDS,
        "framing": FRAMING,
        "interim": INTERIM_RESPONSES,
        "end": ENDS,
        "body": CUT_BODIES,
        "left over": LEFT_OVERS,
    }.items()
    for name, case in cases.items()
}


class HostileOrigin:
    """Answers /hostile as the case says, everything else with its path, and knows what came on which connection."""

    def __init__(self) -> None:
        self.case = Case(b"", b"")
        # The paths that came, by connection in the order of their first requests.
        self.paths: list[list[str]] = []
        self.ended: set[int] = set()
        self._lock = threading.Lock()

    def script(self, wire: Wire) -> None:
        with self._lock:
            connection = len(self.paths)
            self.paths.append([])
        try:
            while True:
                target = wire.read_request().target
                self.paths[connection].append(target)
                if not target.startswith("/hostile"):
                    wire.send(own_answer(target))
                    continue
                try:
                    wire.send(self.case.sends)
                except OSError:
                    pass  # it was refused before its end
                if self.case.then == "reset":
                    wire.reset()
                if self.case.then != "wait":
                    return
        finally:
            self.ended.add(connection)


def own_answer(target: str) -> bytes:
    body = f"own answer to {target}"
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def without_date(received: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]*\r\n", b"", received)


def read_exactly(wire: Wire, expected: bytes) -> bytes:
    """Reads until, Date aside, so much has come as is expected, or the connection ends."""
    received = b""
    while len(without_date(received)) < len(expected) or received.endswith(b"\r\nDate"):
        piece = wire.socket.recv(65536)
        if not piece:
            break
        received += piece
    return without_date(received)


def expect_own_answer(wire: Wire, path: str) -> None:
    response = wire.request(get(path))
    assert response.status == 200
    assert response.body == f"own answer to {path}".encode()


def serve(proxy: Fairlead, origin: ScriptedOrigin) -> None:
    with proxy.connect() as control:
        control.replace(configs.site({"id": "hostile", "address": origin.address}))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_answer_is_one_clients_alone(proxy: Fairlead, case: Case):
    hostile = HostileOrigin()
    hostile.case = case
    with ScriptedOrigin(hostile.script) as origin:
        serve(proxy, origin)
        with proxy.open() as client, proxy.open() as other:
            client.send(get("/hostile", method=case.method))
            assert read_exactly(client, case.client) == case.client
            if case.cut:
                assert client.is_closed()
            else:
                expect_own_answer(client, "/next")
            expect_own_answer(other, "/other")
            if not case.kept:
                wait_until(lambda: 0 in hostile.ended, "the connection is closed")
        carried = hostile.paths[0]
        after = [] if case.cut else ["/next"]
        assert carried == ["/hostile", *after, "/other"] if case.kept else carried == ["/hostile"]
        assert not origin.errors


def test_there_are_enough_hostile_answers():
    assert len(CASES) >= 150


def test_an_answer_that_was_not_asked_for_on_an_idle_connection_is_nobodys(proxy: Fairlead):
    """The second answer comes when the first one's connection is back in the pool."""
    idle, told = threading.Event(), threading.Event()
    paths = []

    def script(wire: Wire) -> None:
        while True:
            target = wire.read_request().target
            paths.append(target)
            wire.send(own_answer(target))
            if target == "/first":
                idle.wait(20)
                wire.send(POISON)
                told.set()

    with ScriptedOrigin(script) as origin:
        serve(proxy, origin)
        for _ in range(20):
            idle.clear()
            told.clear()
            with proxy.open() as first, proxy.open() as second:
                expect_own_answer(first, "/first")
                idle.set()
                assert told.wait(20)
                expect_own_answer(second, "/second")
                expect_own_answer(first, "/third")
        assert not origin.errors


def test_an_answer_that_waits_with_the_kernel_when_the_next_request_comes_is_nobodys(proxy: Fairlead):
    """Both are there when the proxy wakes up, and it may hear of the request first. What a server sends later, when the
    request is on its way, no proxy can tell from the answer."""
    connections: list[Wire] = []

    def script(wire: Wire) -> None:
        connections.append(wire)
        while True:
            wire.send(own_answer(wire.read_request().target))

    with ScriptedOrigin(script) as origin:
        serve(proxy, origin)
        for number in range(10):
            with proxy.open() as client:
                expect_own_answer(client, f"/{number}/first")
                with stopped(proxy):
                    client.send(get(f"/{number}/second"))
                    connections[-1].send(POISON)
                response = client.read_response()
                assert response.body == f"own answer to /{number}/second".encode()
        assert len(connections) == 11
        assert not origin.errors


@contextlib.contextmanager
def stopped(proxy: Fairlead) -> Iterator[None]:
    """Holds the proxy's threads while what happens reaches its kernel alone."""
    tasks = pathlib.Path(f"/proc/{proxy.process.pid}/task")

    def all_stopped() -> bool:
        try:
            return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir())
        except FileNotFoundError:  # of a thread that was ending
            return False

    proxy.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(all_stopped, "the proxy has stopped")
        yield
    finally:
        proxy.process.send_signal(signal.SIGCONT)


def test_a_server_that_speaks_first_harms_nobody_else(proxy: Fairlead):
    """What it says before it was asked is refused or, at the worst, the answer to the request that it was said to. The
    answer that it then owes has come before the next request does: one that comes later no proxy can tell from that
    request's own."""
    answered: queue.SimpleQueue[str] = queue.SimpleQueue()

    def script(wire: Wire) -> None:
        wire.send(POISON)
        while True:
            target = wire.read_request().target
            wire.send(own_answer(target))
            answered.put(target)

    with ScriptedOrigin(script) as origin:
        serve(proxy, origin)
        for number in range(20):
            with proxy.open() as wire:
                response = wire.request(get(f"/{number}"))
                assert response.status in (200, 502)
                assert response.body in (b"poison", f"own answer to /{number}".encode()) or response.status == 502
                while response.status == 200 and answered.get(timeout=20) != f"/{number}":
                    pass
        # Each connection has one answer too many: none of them was used twice.
        assert origin.connections >= 20
        assert not origin.errors


def test_an_answer_before_the_requests_end_is_passed_on_and_its_connection_given_up(proxy: Fairlead):
    ended = threading.Event()

    def script(wire: Wire) -> None:
        target = wire.read_head().target
        wire.send(own_answer(target))
        if target == "/early":
            wire.take_rest()
            ended.set()

    with ScriptedOrigin(script) as origin:
        serve(proxy, origin)
        with proxy.open() as client:
            client.send(get("/early", "Content-Length: 10", method="POST") + "hello")
            assert client.read_response().body == b"own answer to /early"
            assert ended.wait(20), "the server's connection is closed"
            # The rest of the body belongs to the request that was answered.
            client.send("HTTP/")
            expect_own_answer(client, "/next")
        assert not origin.errors


def test_an_answer_in_pieces_of_a_byte_is_refused_like_one_in_one_piece(proxy: Fairlead):
    hostile = FRAMING["length and chunks"]

    def script(wire: Wire) -> None:
        wire.read_request()
        for byte in hostile.sends:
            wire.send(bytes([byte]))
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        serve(proxy, origin)
        with proxy.open() as client:
            client.send(get("/hostile"))
            assert read_exactly(client, hostile.client) == hostile.client
