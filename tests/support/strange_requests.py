"""Requests that are strange but have one meaning, and what the server is sent of each; pipelines of which only the first
part is good."""

from tests.support.hostile_case import SMUGGLED, Case, last_answer, own_answer, refusal
from tests.support.hostile_heads import BOTH, NO_METHOD

# What is good is passed on in one form, and only what is behind it is refused.
GOOD_GET = b"GET /good HTTP/1.1\r\nHost: test\r\n\r\n"
PIPELINES = {
    "a bad head behind a good request": Case(
        GOOD_GET + b"GET / HTTP/1.1\r\nHost: test\r\nX : y\r\n\r\n" + SMUGGLED,
        own_answer("/good") + refusal("white space in a field name or before its colon"),
        GOOD_GET,
    ),
    "CL.TE behind a good request": Case(
        GOOD_GET + b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + SMUGGLED,
        own_answer("/good") + refusal(BOTH),
        GOOD_GET,
    ),
    "the rest of a longer body": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc(" + SMUGGLED,
        own_answer("/good") + refusal(NO_METHOD),
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    ),
    "a body without a length": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\n\r\nX: y\r\n\r\n" + SMUGGLED,
        own_answer("/good") + refusal(NO_METHOD),
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n",
    ),
    "a body that is a request": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
        last_answer("/good"),
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    ),
    "a body of GET that is a request": Case(
        b"GET /good HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
        last_answer("/good"),
        b"GET /good HTTP/1.1\r\nHost: test\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    ),
    "a chunk that is a request": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n26\r\n"
        + SMUGGLED + b"\r\n0\r\n\r\n",
        last_answer("/good"),
        b"POST /good HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    ),
    "what follows a request that closes": Case(
        b"GET /good HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" + SMUGGLED, last_answer("/good"), GOOD_GET
    ),
    "what follows HTTP/1.0": Case(
        b"GET /good HTTP/1.0\r\nHost: test\r\n\r\n" + SMUGGLED, last_answer("/good"), GOOD_GET
    ),
}


def passed_on(request: bytes, reaches: bytes, target: str = "/good") -> Case:
    """A request that is strange, but has one meaning: that is what the server is sent."""
    head, end, body = request.partition(b"\r\n\r\n")
    return Case(head + b"\r\nConnection: close" + end + body, last_answer(target), reaches)


CHUNKED_GOOD = b"POST /good HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"

ONE_MEANING = {
    "an empty line before it": passed_on(b"\r\n" + GOOD_GET, GOOD_GET),
    "white space around a value": passed_on(
        b"GET /good HTTP/1.1\r\nHost: \t test \t\r\n\r\n", b"GET /good HTTP/1.1\r\nHost: test\r\n\r\n"
    ),
    "no white space before a value": passed_on(b"GET /good HTTP/1.1\r\nHost:test\r\n\r\n", GOOD_GET),
    "a field in another place": passed_on(b"GET /good HTTP/1.1\r\nX: y\r\nHost: test\r\n\r\n",
                                          b"GET /good HTTP/1.1\r\nHost: test\r\nX: y\r\n\r\n"),
    "underscores that are no dashes": passed_on(
        b"GET /good HTTP/1.1\r\nHost: test\r\nTransfer_Encoding: chunked\r\nContent_Length: 5\r\n\r\n",
        b"GET /good HTTP/1.1\r\nHost: test\r\nTransfer_Encoding: chunked\r\nContent_Length: 5\r\n\r\n",
    ),
    "names that only begin like the framing's": passed_on(
        b"GET /good HTTP/1.1\r\nHost: test\r\nTransfer-Encodings: chunked\r\nXContent-Length: 5\r\n\r\n",
        b"GET /good HTTP/1.1\r\nHost: test\r\nTransfer-Encodings: chunked\r\nXContent-Length: 5\r\n\r\n",
    ),
    "chunked in capitals": passed_on(
        b"POST /good HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n",
    ),
    "white space around chunked": passed_on(
        b"POST /good HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: \t chunked \t\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n",
    ),
    "chunk extensions": passed_on(
        CHUNKED_GOOD + b'3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n', CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n"
    ),
    "white space before a chunk extension": passed_on(
        CHUNKED_GOOD + b"3 \t;a\r\nabc\r\n0\r\n\r\n", CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n"
    ),
    "leading zeroes in a chunk size": passed_on(
        CHUNKED_GOOD + b"0000000000000003\r\nabc\r\n00\r\n\r\n", CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n"
    ),
    "capitals in a chunk size": passed_on(
        CHUNKED_GOOD + b"A\r\n0123456789\r\n0\r\n\r\n", CHUNKED_GOOD + b"a\r\n0123456789\r\n0\r\n\r\n"
    ),
    "leading zeroes in a length": passed_on(
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 0003\r\n\r\nabc",
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    ),
    "an option that would remove the length": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\nConnection: close, Content-Length\r\nContent-Length: 3\r\n\r\nabc",
        last_answer("/good"),
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    ),
    "an option that would remove the coding": Case(
        b"POST /good HTTP/1.1\r\nHost: test\r\nConnection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\n",
        last_answer("/good"),
        CHUNKED_GOOD + b"3\r\nabc\r\n0\r\n\r\n",
    ),
    "an option that would remove Host": Case(
        b"GET /good HTTP/1.1\r\nConnection: close, Host\r\nHost: test\r\n\r\n", last_answer("/good"), GOOD_GET
    ),
    "an upgrade to HTTP/2": Case(
        b"GET /good HTTP/1.1\r\nHost: test\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
        last_answer("/good"),
        GOOD_GET,
    ),
    "an absolute target and another Host": passed_on(
        b"GET http://test/good HTTP/1.1\r\nHost: evil\r\n\r\n", GOOD_GET
    ),
    "an absolute target with a query and no path": passed_on(
        b"GET http://test?a=/b HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"GET /?a=/b HTTP/1.1\r\nHost: test\r\n\r\n",
        "/?a=/b",
    ),
    "an absolute target in capitals": passed_on(b"GET HTTP://test/good HTTP/1.1\r\nHost: evil\r\n\r\n", GOOD_GET),
    "two slashes": passed_on(
        b"GET //evil/good HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET //evil/good HTTP/1.1\r\nHost: test\r\n\r\n",
        "//evil/good",
    ),
    "a URI behind a slash": passed_on(
        b"GET /http://evil/ HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /http://evil/ HTTP/1.1\r\nHost: test\r\n\r\n",
        "/http://evil/",
    ),
    "escaped line ends in the target": passed_on(
        b"GET /%0d%0aX:%20y HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /%0d%0aX:%20y HTTP/1.1\r\nHost: test\r\n\r\n",
        "/%0d%0aX:%20y",
    ),
    "HTTP/1.2 (RFC 9110 §2.5)": passed_on(b"GET /good HTTP/1.2\r\nHost: test\r\n\r\n", GOOD_GET),
    "a method that nobody knows": passed_on(
        b"BREW /good HTTP/1.1\r\nHost: test\r\n\r\n", b"BREW /good HTTP/1.1\r\nHost: test\r\n\r\n"
    ),
    "a method in lower case": passed_on(
        b"get /good HTTP/1.1\r\nHost: test\r\n\r\n", b"get /good HTTP/1.1\r\nHost: test\r\n\r\n"
    ),
    "a value beyond ASCII": passed_on(
        b"GET /good HTTP/1.1\r\nHost: test\r\nX: \xe9\xff\r\n\r\n",
        b"GET /good HTTP/1.1\r\nHost: test\r\nX: \xe9\xff\r\n\r\n",
    ),
    "an expectation of HTTP/1.0 (RFC 9110 §10.1.1)": Case(
        b"POST /good HTTP/1.0\r\nHost: test\r\nExpect: x\r\nContent-Length: 3\r\n\r\nabc",
        last_answer("/good"),
        b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    ),
}
