"""Heads of requests that are refused: each is answered, and nothing of it reaches a server.

Drawn from RFC 9112, from "HTTP Desync Attacks" and its successors (CL.TE, TE.CL, TE.TE, CL.0, 0.CL), and from the corpora
of http-garden and of smuggler."""

from tests.support.hostile_case import Case, fields, lines, refused

NO_METHOD = "the request line does not begin with a method"
BAD_TARGET = "invalid character in the target"
NO_VERSION = "no version in the request line"
BAD_VERSION = "malformed version in the request line"
OTHER_VERSION = "major version other than HTTP/1"
NOT_A_TARGET = "the target is neither a path nor an http or https URI"

REQUEST_LINES = {
    **lines(
        NO_METHOD,
        space_first=b" GET / HTTP/1.1\r\n",
        tab_first=b"\tGET / HTTP/1.1\r\n",
        bare_LF_first=b"\nGET / HTTP/1.1\r\n",
        two_empty_lines_first=b"\r\n\r\nGET / HTTP/1.1\r\n",
        empty_line_and_space_first=b"\r\n GET / HTTP/1.1\r\n",
        NUL_first=b"\0GET / HTTP/1.1\r\n",
        byte_order_mark_first=b"\xef\xbb\xbfGET / HTTP/1.1\r\n",
        tab_behind_the_method=b"GET\t/ HTTP/1.1\r\n",
        vertical_tab_behind_the_method=b"GET\x0b/ HTTP/1.1\r\n",
        form_feed_behind_the_method=b"GET\x0c/ HTTP/1.1\r\n",
        bare_CR_behind_the_method=b"GET\r/ HTTP/1.1\r\n",
        NUL_in_the_method=b"GE\0T / HTTP/1.1\r\n",
        bracket_in_the_method=b"G(T / HTTP/1.1\r\n",
        colon_behind_the_method=b"GET: / HTTP/1.1\r\n",
        quotes_around_the_method=b'"GET" / HTTP/1.1\r\n',
        letter_beyond_ASCII_in_the_method=b"G\xc9T / HTTP/1.1\r\n",
        method_alone=b"GET\r\n",
        target_first=b"/ HTTP/1.1\r\n",
        a_response=b"HTTP/1.1 200 OK\r\n",
        TLS=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n",
        PROXY_protocol_v2=b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + b"\x7f\0\0\1\x7f\0\0\1\0\1\0\2",
    ),
    **lines("bare CR before the request line", bare_CR_first=b"\rGET / HTTP/1.1\r\n"),
    **lines(
        "empty target in the request line",
        two_spaces=b"GET  / HTTP/1.1\r\n",
        no_target=b"GET \r\n",
    ),
    **lines(
        BAD_TARGET,
        tab_behind_the_target=b"GET /\tHTTP/1.1\r\n",
        vertical_tab_behind_the_target=b"GET /\x0bHTTP/1.1\r\n",
        NUL_in_the_target=b"GET /a\0b HTTP/1.1\r\n",
        control_character_in_the_target=b"GET /a\x01b HTTP/1.1\r\n",
        DEL_in_the_target=b"GET /a\x7fb HTTP/1.1\r\n",
        letter_beyond_ASCII_in_the_target=b"GET /\xc3\xa9 HTTP/1.1\r\n",
        fragment_in_the_target=b"GET /#fragment HTTP/1.1\r\n",
    ),
    **lines(
        NO_VERSION,
        HTTP_0_9=b"GET /\r\n",
        HTTP_0_9_with_bare_LF=b"GET /\n",
        bare_CR_in_the_target=b"GET /\r HTTP/1.1\r\n",
        bare_LF_in_the_target=b"GET /\nX: y HTTP/1.1\r\n",
    ),
    **lines(
        BAD_VERSION,
        two_spaces_before_the_version=b"GET /  HTTP/1.1\r\n",
        space_in_the_target=b"GET /a b HTTP/1.1\r\n",
        space_at_the_end=b"GET / HTTP/1.1 \r\n",
        tab_at_the_end=b"GET / HTTP/1.1\t\r\n",
        a_further_word=b"GET / HTTP/1.1 x\r\n",
        a_second_version=b"GET / HTTP/1.1 HTTP/1.0\r\n",
        a_request_line_in_the_target=b"GET / HTTP/1.1 /smuggled HTTP/1.1\r\n",
        lower_case=b"GET / http/1.1\r\n",
        three_digits=b"GET / HTTP/1.10\r\n",
        leading_zeroes=b"GET / HTTP/0001.1\r\n",
        no_minor_version=b"GET / HTTP/1\r\n",
        no_digits=b"GET / HTTP/\r\n",
        letters=b"GET / HTTP/x.x\r\n",
        another_name=b"GET / HTTPS/1.1\r\n",
        NUL_at_the_end=b"GET / HTTP/1.1\0\r\n",
        bare_LF=b"GET / HTTP/1.1\n",
        bare_CR=b"GET / HTTP/1.1\r",
        CR_CR_LF=b"GET / HTTP/1.1\r\r\n",
    ),
    **lines(
        OTHER_VERSION,
        505,
        HTTP_2_0=b"GET / HTTP/2.0\r\n",
        HTTP_3_0=b"GET / HTTP/3.0\r\n",
        HTTP_0_9_by_name=b"GET / HTTP/0.9\r\n",
    ),
    **lines("method longer than any known", 501, long_method=b"A" * 33 + b" / HTTP/1.1\r\n"),
    **lines("target larger than the limit", 414, long_target=b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n"),
}

TARGETS = {
    **lines(
        NOT_A_TARGET,
        no_slash=b"GET evil HTTP/1.1\r\n",
        a_query_alone=b"GET ?a HTTP/1.1\r\n",
        a_backslash=b"GET \\evil HTTP/1.1\r\n",
        at_sign=b"GET @evil/ HTTP/1.1\r\n",
        authority_form=b"GET test:80 HTTP/1.1\r\n",
        another_scheme=b"GET ftp://test/ HTTP/1.1\r\n",
        file_scheme=b"GET file:///etc/passwd HTTP/1.1\r\n",
        one_slash=b"GET http:/test HTTP/1.1\r\n",
        backslashes=b"GET http:\\\\test/ HTTP/1.1\r\n",
        two_stars=b"OPTIONS ** HTTP/1.1\r\n",
    ),
    **lines("the target * needs the method OPTIONS", star=b"GET * HTTP/1.1\r\n"),
    **lines(
        "invalid authority in the target",
        no_host=b"GET http:/// HTTP/1.1\r\n",
        user_information=b"GET http://test@evil/ HTTP/1.1\r\n",
        password=b"GET http://a:b@evil/ HTTP/1.1\r\n",
        port_that_is_none=b"GET http://test:evil/ HTTP/1.1\r\n",
        two_ports=b"GET http://test:80:81/ HTTP/1.1\r\n",
        port_beyond_65535=b"GET http://test:65536/ HTTP/1.1\r\n",
        backslash_in_the_host=b"GET http://test\\@evil/ HTTP/1.1\r\n",
        half_an_address=b"GET http://[::1/ HTTP/1.1\r\n",
    ),
    **lines(
        "the target of CONNECT is not host:port",
        CONNECT_to_a_path=b"CONNECT / HTTP/1.1\r\n",
        CONNECT_without_a_port=b"CONNECT test HTTP/1.1\r\n",
        CONNECT_to_a_URI=b"CONNECT http://test:443/ HTTP/1.1\r\n",
        CONNECT_with_user_information=b"CONNECT a@test:443 HTTP/1.1\r\n",
    ),
}

FIELD_LINES = {
    **fields(
        "bare LF in a field line",
        {
            "bare LF behind a field": b"X: y\n",
            "bare LF behind a colon": b"X:\ny\r\n",
            "bare LF behind a name": b"X\n: y\r\n",
            "bare LF before Transfer-Encoding": b"X: y\nTransfer-Encoding: chunked\r\n",
            "two bare LF": b"X: y\n\n",
        },
    ),
    **fields(
        "bare CR in a field line",
        {
            "bare CR in a value": b"X: a\rb\r\n",
            "bare CR before Transfer-Encoding": b"X: y\rTransfer-Encoding: chunked\r\n",
            "CR CR LF": b"X: y\r\r\n",
            "CR alone at a line's start": b"\rX: y\r\n",
        },
    ),
    **fields("NUL in a field value", {"NUL in a value": b"X: a\0b\r\n", "NUL behind chunked": b"Transfer-Encoding: chunked\0\r\n"}),
    **fields(
        "control character in a field value",
        {
            "control character in a value": b"X: a\x01b\r\n",
            "DEL in a value": b"X: a\x7fb\r\n",
            "escape sequence in a value": b"X: \x1b[2J\r\n",
            "vertical tab before chunked": b"Transfer-Encoding: \x0bchunked\r\n",
            "form feed behind chunked": b"Transfer-Encoding: chunked\x0c\r\n",
            "backspace in chunked": b"Transfer-Encoding: chunk\bed\r\n",
        },
    ),
    **fields(
        "white space before a field name, or a folded line",
        {
            "folded line": b"X: a\r\n b\r\n",
            "folded line by tab": b"X: a\r\n\tb\r\n",
            "folded end of a coding": b"Transfer-Encoding: chunked\r\n , identity\r\n",
            "coding in a folded line": b"X: y\r\n Transfer-Encoding: chunked\r\n",
            "line of white space": b"X: y\r\n \r\n",
        },
    ),
    **fields(
        "white space in a field name or before its colon",
        {
            "space before a colon": b"X : a\r\n",
            "tab before a colon": b"X\t: a\r\n",
            "space in a name": b"X Y: a\r\n",
            "space behind Content-Length": b"Content-Length : 5\r\n",
            "space behind Transfer-Encoding": b"Transfer-Encoding : chunked\r\n",
            "tab behind Transfer-Encoding": b"Transfer-Encoding\t: chunked\r\n",
            "request line among fields": b"GET /smuggled HTTP/1.1\r\n",
        },
    ),
    **fields("empty field name", {"empty name": b": a\r\n", "a colon alone": b":\r\n"}),
    **fields("field line without a colon", {"no colon": b"X\r\n", "coding without a colon": b"Transfer-Encoding\r\n"}),
    **fields(
        "invalid character in a field name",
        {
            "NUL in a name": b"X\0: a\r\n",
            "NUL before Transfer-Encoding": b"\0Transfer-Encoding: chunked\r\n",
            "vertical tab behind Transfer-Encoding": b"Transfer-Encoding\x0b: chunked\r\n",
            "letter beyond ASCII in a name": b"X\xe9: a\r\n",
            "no-break space behind Transfer-Encoding": b"Transfer-Encoding\xa0: chunked\r\n",
            "quotes in a name": b'"Transfer-Encoding": chunked\r\n',
            "bracket in a name": b"X(Y): a\r\n",
            "equals sign for a colon": b"Transfer-Encoding= chunked\r\n",
            "slash in a name": b"X/Y: a\r\n",
            "at sign in a name": b"X@Y: a\r\n",
        },
    ),
    **fields("request head larger than the limit", {"long value": b"X: " + b"a" * 40_000 + b"\r\n"}, 431),
    **fields("request head larger than the limit", {"long name": b"X" * 40_000 + b": a\r\n"}, 431),
    **fields("more fields than the limit", {"many fields": b"X: a\r\n" * 150}, 431),
    **fields("an expectation other than 100-continue", {"another expectation": b"Expect: 200-ok\r\n"}, 417),
    **fields("an expectation other than 100-continue", {"two expectations": b"Expect: 100-continue, x\r\n"}, 417),
    **fields("an expectation other than 100-continue", {"expectation with a parameter": b"Expect: 100-continue;x\r\n"}, 417),
    "folded first field": refused(
        "white space before a field name, or a folded line", b"GET / HTTP/1.1\r\n Host: test\r\n\r\n"
    ),
    "white space line before the fields": refused(
        "white space before a field name, or a folded line", b"GET / HTTP/1.1\r\n \r\nHost: test\r\n\r\n"
    ),
    "bare LF at the end": refused("bare LF in a field line", b"GET / HTTP/1.1\r\nHost: test\r\n\n"),
    "only bare LF": refused(BAD_VERSION, b"GET / HTTP/1.1\nHost: test\n\n"),
}

HOSTS = {
    "no Host": refused("no Host", b"GET / HTTP/1.1\r\nX: a\r\n\r\n"),
    "no Host beside an absolute target": refused("no Host", b"GET http://test/ HTTP/1.1\r\n\r\n"),
    "Host with an underscored name": refused("no Host", b"GET / HTTP/1.1\r\n_Host: test\r\n\r\n"),
    "two Hosts": refused("more than one Host", b"GET / HTTP/1.1\r\nHost: test\r\nHost: test\r\n\r\n"),
    "two different Hosts": refused("more than one Host", b"GET / HTTP/1.1\r\nHost: test\r\nhOST: evil\r\n\r\n"),
    "two Hosts of HTTP/1.0": refused("more than one Host", b"GET / HTTP/1.0\r\nHost: test\r\nHost: evil\r\n\r\n"),
    "two Hosts beside an absolute target": refused(
        "more than one Host", b"GET http://test/ HTTP/1.1\r\nHost: test\r\nHost: evil\r\n\r\n"
    ),
    "second Host by another case": refused("more than one Host", b"GET / HTTP/1.1\r\nHost: test\r\nHOST:\r\n\r\n"),
    **{
        f"Host that is {name}": refused("invalid Host", b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        for name, host in {
            "empty": b"",
            "with a space": b"te st",
            "with a path": b"test/path",
            "with a query": b"test?a",
            "with a fragment": b"test#a",
            "with user information": b"a@test",
            "with a backslash": b"test\\evil",
            "a list": b"test, evil",
            "with a port that is none": b"test:evil",
            "with two ports": b"test:80:81",
            "with a port beyond 65535": b"test:65536",
            "a port alone": b":80",
            "a URI": b"http://test",
            "half an address": b"[::1",
            "an address with something behind it": b"[::1]evil",
            "beyond ASCII": b"test\xe9",
            "with a bad escape": b"test%zz",
            "with quotes": b'"test"',
        }.items()
    },
}

TWO_LENGTHS = "more than one Content-Length"
BAD_LENGTH = "invalid Content-Length"
BOTH = "both Transfer-Encoding and Content-Length"
TWO_CODINGS = "more than one Transfer-Encoding"
NOT_CHUNKED = "Transfer-Encoding does not end in a single chunked"

FRAMING = {
    **fields(
        TWO_LENGTHS,
        {
            "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
            "the same length twice": b"Content-Length: 5\r\nContent-Length: 5\r\n",
            "two lengths by another case": b"Content-Length: 0\r\ncONTENT-lENGTH: 5\r\n",
            "two lengths far apart": b"Content-Length: 0\r\n" + b"X: y\r\n" * 50 + b"Content-Length: 5\r\n",
        },
    ),
    **fields(
        BAD_LENGTH,
        {
            "a list of lengths": b"Content-Length: 5, 5\r\n",
            "a list of different lengths": b"Content-Length: 5,0\r\n",
            "a list that ends in a comma": b"Content-Length: 5,\r\n",
            "length with a plus": b"Content-Length: +5\r\n",
            "negative length": b"Content-Length: -5\r\n",
            "minus 0": b"Content-Length: -0\r\n",
            "length in hex": b"Content-Length: 0x5\r\n",
            "length with an underscore": b"Content-Length: 0_5\r\n",
            "length with an exponent": b"Content-Length: 5e0\r\n",
            "length with a fraction": b"Content-Length: 5.0\r\n",
            "length in quotes": b'Content-Length: "5"\r\n',
            "length with a parameter": b"Content-Length: 5;a\r\n",
            "two numbers": b"Content-Length: 5 5\r\n",
            "empty length": b"Content-Length:\r\n",
            "length of white space": b"Content-Length: \t \r\n",
            "length of 2^63": b"Content-Length: 9223372036854775808\r\n",
            "length of 2^64": b"Content-Length: 18446744073709551616\r\n",
            "length of 2^64 + 5": b"Content-Length: 18446744073709551621\r\n",
            "length of many digits": b"Content-Length: " + b"9" * 400 + b"\r\n",
            "length in letters beyond ASCII": b"Content-Length: \xd9\xa5\r\n",
            "no-break space before a length": b"Content-Length: \xa05\r\n",
        },
    ),
    **fields(
        BOTH,
        {
            "CL.TE": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "0.CL": b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "CL.0": b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            "CL.TE by another case": b"content-length: 5\r\ntRANSFER-eNCODING: CHUNKED\r\n",
        },
    ),
    **fields(
        TWO_CODINGS,
        {
            "TE.TE": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "TE.TE with a cow": b"Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n",
            "TE.TE with identity": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "TE.TE with nothing": b"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n",
        },
    ),
    **fields(
        NOT_CHUNKED,
        {
            "identity first": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            "chunked not last": b"Transfer-Encoding: chunked, identity\r\n",
            "chunked, gzip": b"Transfer-Encoding: chunked, gzip\r\n",
            "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
            "identity": b"Transfer-Encoding: identity\r\n",
            "identity beside a length": b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
            "xchunked": b"Transfer-Encoding: xchunked\r\n",
            "chunkedx": b"Transfer-Encoding: chunkedx\r\n",
            "chunk": b"Transfer-Encoding: chunk\r\n",
            "x chunked": b"Transfer-Encoding: x chunked\r\n",
            "chunked in quotes": b'Transfer-Encoding: "chunked"\r\n',
            "chunked in single quotes": b"Transfer-Encoding: 'chunked'\r\n",
            "chunked in brackets": b"Transfer-Encoding: [chunked]\r\n",
            "chunked with a parameter": b"Transfer-Encoding: chunked;a=b\r\n",
            "chunked with an empty parameter": b"Transfer-Encoding: chunked;\r\n",
            "comma behind chunked": b"Transfer-Encoding: chunked,\r\n",
            "comma before chunked": b"Transfer-Encoding: ,chunked\r\n",
            "no-break space before chunked": b"Transfer-Encoding: \xa0chunked\r\n",
            "byte behind chunked": b"Transfer-Encoding: chunked\xff\r\n",
            "tab in chunked": b"Transfer-Encoding: chu\tnked\r\n",
            "coding in quotes that holds chunked": b'Transfer-Encoding: gzip;a="b, chunked"\r\n',
            "empty coding": b"Transfer-Encoding:\r\n",
            "folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
        },
    ),
    **fields(
        "unsupported transfer coding",
        {
            "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n",
            "identity, chunked": b"Transfer-Encoding: identity, chunked\r\n",
        },
        501,
    ),
    "chunks of HTTP/1.0": refused(
        "Transfer-Encoding in HTTP/1.0",
        b"POST / HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "length and chunks of HTTP/1.0": refused(
        "Transfer-Encoding in HTTP/1.0",
        b"POST / HTTP/1.0\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
}
