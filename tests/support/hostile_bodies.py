"""Chunked bodies that break their framing: why, and how. Drawn from RFC 9112 §7.1, from the findings of TERM.EXT and
EXT.TERM, and from http-garden."""

NOT_HEX = "chunk size is not a hexadecimal number"
NO_CRLF = "chunk data not followed by CR LF"
BAD_EXTENSION = "bare LF or control character in a chunk extension"

CHUNKS = {
    "no digits": (NOT_HEX, b"\r\nabc\r\n0\r\n\r\n"),
    "no digits, but an extension": (NOT_HEX, b";a\r\nabc\r\n0\r\n\r\n"),
    "not hex": (NOT_HEX, b"g\r\nabc\r\n0\r\n\r\n"),
    "hex, then not": (NOT_HEX, b"3g\r\nabc\r\n0\r\n\r\n"),
    "with a plus": (NOT_HEX, b"+3\r\nabc\r\n0\r\n\r\n"),
    "negative": (NOT_HEX, b"-3\r\nabc\r\n0\r\n\r\n"),
    "with 0x": (NOT_HEX, b"0x3\r\nabc\r\n0\r\n\r\n"),
    "with an underscore": (NOT_HEX, b"0_3\r\nabc\r\n0\r\n\r\n"),
    "with a fraction": (NOT_HEX, b"3.0\r\nabc\r\n0\r\n\r\n"),
    "in quotes": (NOT_HEX, b'"3"\r\nabc\r\n0\r\n\r\n'),
    "with a space before it": (NOT_HEX, b" 3\r\nabc\r\n0\r\n\r\n"),
    "with a NUL": (NOT_HEX, b"3\0\r\nabc\r\n0\r\n\r\n"),
    "with a vertical tab": (NOT_HEX, b"3\x0b\r\nabc\r\n0\r\n\r\n"),
    "with a comma": (NOT_HEX, b"3,3\r\nabc\r\n0\r\n\r\n"),
    "with a letter beyond ASCII": (NOT_HEX, b"3\xa0\r\nabc\r\n0\r\n\r\n"),
    "with white space behind it": ("white space after a chunk size", b"3 \r\nabc\r\n0\r\n\r\n"),
    "with white space in it": ("white space after a chunk size", b"3 3\r\nabc\r\n0\r\n\r\n"),
    "of 17 digits": ("chunk size of too many digits", b"00000000000000003\r\nabc\r\n0\r\n\r\n"),
    "of 2^64 + 3": ("chunk size of too many digits", b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
    "of 2^63": ("chunk size too large", b"8000000000000000\r\nabc\r\n0\r\n\r\n"),
    "of 2^64 - 1": ("chunk size too large", b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    "with bare LF behind it": ("bare LF after a chunk size", b"3\nabc\r\n0\r\n\r\n"),
    "with bare CR behind it": ("bare CR after a chunk size", b"3\rabc\r\n0\r\n\r\n"),
    "with CR CR LF behind it": ("bare CR after a chunk size", b"3\r\r\nabc\r\n0\r\n\r\n"),
    "bare CR in an extension": ("bare CR after a chunk size", b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "bare LF in an extension (TERM.EXT)": (BAD_EXTENSION, b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
    "bare LF behind an extension (EXT.TERM)": (BAD_EXTENSION, b"3;\nabc\r\n0\r\n\r\n"),
    "NUL in an extension": (BAD_EXTENSION, b"3;a\0\r\nabc\r\n0\r\n\r\n"),
    "long extension": ("chunk extension larger than the limit", b"3;" + b"a" * 1100 + b"\r\nabc\r\n0\r\n\r\n"),
    "much white space": ("chunk extension larger than the limit", b"3" + b" " * 1100 + b";a\r\nabc\r\n0\r\n\r\n"),
}

# Behind a chunk of "abc" that is good.
CHUNK_ENDS = {
    "longer than it says": (NO_CRLF, b"3\r\nabcd\r\n0\r\n\r\n"),
    "shorter than it says": (NO_CRLF, b"3\r\nabc0\r\n\r\n"),
    "bare LF behind the data": (NO_CRLF, b"3\r\nabc\n0\r\n\r\n"),
    "bare CR behind the data": (NO_CRLF, b"3\r\nabc\r0\r\n\r\n"),
    "nothing behind the data": (NO_CRLF, b"3\r\nabc5\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind the last size": ("bare LF after a chunk size", b"3\r\nabc\r\n0\n\r\n"),
    "bare LF at the end": ("bare LF in a field line", b"3\r\nabc\r\n0\r\n\n"),
    "bare CR at the end": ("bare CR in a field line", b"3\r\nabc\r\n0\r\n\rX"),
    "space before a trailer's colon": (
        "white space in a field name or before its colon",
        b"3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    ),
    "folded trailer": ("white space before a field name, or a folded line", b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n"),
    "NUL in a trailer": ("NUL in a field value", b"3\r\nabc\r\n0\r\nX: \0\r\n\r\n"),
    "bare LF in trailers": ("bare LF in a field line", b"3\r\nabc\r\n0\r\nX: y\nZ: z\r\n\r\n"),
    "request line in trailers": (
        "white space in a field name or before its colon",
        b"3\r\nabc\r\n0\r\nGET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n",
    ),
    **{
        f"{name} in trailers": ("forbidden trailer field", b"3\r\nabc\r\n0\r\n" + name.encode() + b": 5\r\n\r\n")
        for name in (
            *("Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "TE", "Expect", "Upgrade"),
            *("Authorization", "Cookie", "Content-Type", "X-Forwarded-For", "Range", "If-Match"),
            *("X-Client-Cert-Subject", "x_forwarded_for", "Early-Data"),
        )
    },
}

BODIES = {f"size: {name}": case for name, case in CHUNKS.items()} | {
    f"end: {name}": case for name, case in CHUNK_ENDS.items()
}
