"""What must not be in the code, each with the reason, so that no reviewer has to look for it."""

import re
from dataclasses import dataclass

MAX_LINES = 600


@dataclass(frozen=True)
class Ban:
    """Lines that match `pattern`, in files of `languages` whose path matches `where`, are faults."""

    name: str
    pattern: str
    reason: str
    languages: tuple = ("c++",)
    where: str = ""  # the path's beginning, a regular expression
    in_comments: bool = False  # comments and strings count too

    def is_for(self, file):
        return file.language in self.languages and re.match(self.where, file.path) is not None

    def lines_of(self, file):
        """The numbers of the lines that break it."""
        lines = file.lines() if self.in_comments else file.code_lines()
        return [number for number, line in lines if re.search(self.pattern, line)]


OWN_CODE = r"(api|bench|controlplane-mock|ctl|dataplane|prober|tests)/"
TESTS = r"tests/|.*_test\.\w+$"
# The packages that run on a worker's thread alone. event has what crosses threads, worker what starts and stops them.
WORKER_SIDE = (
    r"dataplane/(base|buffer|config|http|load_balancing|metrics|net|proxy|routing|sessions|tls|upstream)/"
    r"(?!.*_(test|benchmark)\.cc$)"
)

BANS = (
    Ban(
        "sleep",
        r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor)\b|(?<![\w.>])sleep\s*\(",
        "wait for what should happen, with a deadline: a sleep is too long on a good day and too short on a bad one",
        where=r"(api|controlplane-mock|ctl|dataplane|prober|tests)/",
    ),
    Ban(
        "sleep in Python",
        r"\b(time|asyncio)\.sleep\b",
        "wait for what should happen, with a deadline: tests/support has the means",
        languages=("python",),
        where=TESTS,
    ),
    Ban(
        "sleep in a shell",
        r"(^|[;&|(]|\b(do|then|else)\b)\s*sleep\s",
        "wait for what should happen, with a deadline: tests/support has the means",
        languages=("shell",),
        where=TESTS,
    ),
    Ban(
        "killing by name",
        r"\b(pkill|killall)\b",
        "kill what you started, by its process id: others run programs of the same name",
        languages=("c++", "python", "shell"),
        in_comments=True,
    ),
    Ban(
        "printing",
        r"\bstd::(cout|cerr|clog)\b|(?<!\w)(printf|puts)\s*\(",
        "the proxy speaks through its log, metrics and API; server and main.cc alone write to the terminal",
        where=r"dataplane/(?!server/|main\.cc)",
    ),
    Ban(
        "absl::Mutex",
        r"\babsl::(Mutex\w*|ReaderMutexLock|WriterMutexLock|CondVar)\b",
        "std::mutex: ThreadSanitizer does not understand the abseil of the system, which is not instrumented",
        where=OWN_CODE,
    ),
    Ban(
        "locks on the worker's side",
        r"\bstd::(\w*mutex|condition_variable\w*|lock_guard|unique_lock|shared_lock|scoped_lock)\b",
        "a worker takes no lock: what crosses threads goes through event's mailbox or an atomic",
        where=WORKER_SIDE,
    ),
    Ban(
        "const_cast",
        r"\bconst_cast\b",
        "whoever was promised that it does not change believes it",
        where=OWN_CODE,
    ),
    Ban(
        "using namespace",
        r"\busing\s+namespace\b",
        "name what is used: a whole namespace collides with what it will hold next year",
        where=OWN_CODE,
    ),
    Ban(
        "TODO without an issue",
        r"\b(TODO|FIXME)\b(?!\(#\d+\))",
        "what is to be done is an issue, TODO(#12), or it is never done",
        languages=("c++", "python", "shell"),
        in_comments=True,
    ),
    Ban(
        "code for tests in production",
        r"^\s*#\s*(el)?if.*\b(TESTING|UNIT_?TEST\w*)\b|\bFRIEND_TEST\b|\w+ForTest(s|ing)?\b",
        "what is tested is what runs: test through the public interface, or make what you need part of it",
        where=r"(api|controlplane-mock|ctl|dataplane|prober)/(?!.*(_test\.cc|_for_test\.(cc|h)|fake_\w+\.(cc|h))$)",
    ),
    Ban(
        "exceptions",
        r"\b(throw|catch)\b",
        "absl::Status and StatusOr: no exception crosses a function's edge",
        where=r"dataplane/(?!.*_test\.cc$)",
    ),
    Ban(
        "thread_local",
        r"\bthread_local\b",
        "every object has an owner; what belongs to a thread belongs to its worker",
        where=OWN_CODE,
    ),
    Ban(
        "detached threads",
        r"[.>]detach\(\)",
        "every thread is joined by its owner; a detached one runs on into destroyed objects",
        where=OWN_CODE,
    ),
    Ban(
        "std::regex",
        r"\bstd::w?(regex|smatch|cmatch)\b|#\s*include\s*<regex>",
        "RE2, whose time is linear: std::regex overflows the stack on inputs that an attacker chooses",
        where=OWN_CODE,
    ),
    Ban(
        "rand",
        r"(?<![\w.>])s?rand\s*\(",
        "load_balancing/random.h, or <random>: rand shares hidden state between threads",
        where=OWN_CODE,
    ),
    Ban(
        "running programs",
        r"(?<![\w.>])(system|popen|fork|vfork|exec[lv][pe]*|posix_spawnp?)\s*\(",
        "the proxy runs no programs; upgrade alone starts its successor",
        where=r"dataplane/(?!upgrade/|.*_test\.cc$)",
    ),
    Ban(
        "nameless NOLINT",
        r"\bNOLINT(NEXTLINE|BEGIN|END)?\b(?!\()",
        "NOLINT(the-check): why",
        in_comments=True,
        where=OWN_CODE,
    ),
)

# (a file, a ban's name): why it is excused there. One that is not needed any more is a fault.
EXCEPTIONS = {
    ("dataplane/base/allocation_counter.cc", "exceptions"): "operator new must throw",
    ("dataplane/base/allocation_counter.cc", "thread_local"): "operator new has no object to count in",
    ("dataplane/tls/shared_ciphers.cc", "thread_local"): "OpenSSL has no object to give to the functions of a cipher",
    ("dataplane/tls/server_context.cc", "const_cast"): "SSL_set_cert_cb has no form for what is only read",
    ("dataplane/event/epoll_socket.cc", "const_cast"): "msghdr has no form for sending",
    ("dataplane/http/h2/header_block.cc", "const_cast"): "nghttp2_nv has no form for what is only read",
    ("dataplane/http/h2/test_server.cc", "const_cast"): "nghttp2_nv has no form for what is only read",
    ("ctl/fake_proxy.cc", "sleep"): "gRPC tells a synchronous handler of a cancelled stream only when it asks",
    ("ctl/main_test.cc", "const_cast"): "execv has no form for constant arguments",
    ("dataplane/control/test_support.cc", "printing"): "gtest's own way to print a value",
    ("dataplane/event/socket_close_test.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/event/socket_sharing_test.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/event/connect_test.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/event/loop_test.cc", "sleep"): "what is tested there is the passing of time",
    ("dataplane/event/socket_room_test.cc", "sleep"): "of what the kernel's own thread tries meanwhile nothing tells",
    ("dataplane/event/loop_test_support.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/event/socket_test.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/tls/server_context.cc", "const_cast"): "OpenSSL's callbacks have no form for an argument that is only read",
    ("dataplane/tls/socket_test.cc", "const_cast"): "iovec has no form for sending",
    ("dataplane/tls/socket_test_support.cc", "const_cast"): "iovec has no form for sending",
    ("tests/checks/bans.py", "killing by name"): "the ban itself",
    ("tests/checks/bans.py", "TODO without an issue"): "the ban itself",
    ("tests/support/waiting.py", "sleep in Python"): "it looks again and again until what is waited for has come",
}

# Full of examples of what is banned.
EXAMPLES = "tests/checks/bans_test.py"


def check(files, bans=BANS, exceptions=None):
    """One line for each fault."""
    exceptions = EXCEPTIONS if exceptions is None else exceptions
    unused = set(exceptions)
    faults = []
    for file in files:
        if file.path == EXAMPLES or file.path.startswith("third_party/"):
            continue
        if file.language and file.text.count("\n") > MAX_LINES:
            faults.append(
                f"{file.path}:{MAX_LINES + 1}: a file is one idea, and none takes more than {MAX_LINES} lines"
            )
        for ban in bans:
            numbers = ban.lines_of(file) if ban.is_for(file) else []
            if numbers and (file.path, ban.name) in exceptions:
                unused.discard((file.path, ban.name))
                continue
            faults += [f"{file.path}:{number}: {ban.name}: {ban.reason}" for number in numbers]
    for path, name in sorted(unused):
        faults.append(f"tests/checks/bans.py:1: {path} needs no exception from {name!r} any more")
    return faults
