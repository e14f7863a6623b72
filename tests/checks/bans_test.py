import unittest

import bans
import tree

# For each ban: a file, lines that it forbids there, and lines that it must leave alone.
EXAMPLES = {
    "sleep": (
        "dataplane/event/loop_test.cc",
        ["std::this_thread::sleep_for(10ms);", "usleep(5);", "  sleep(1);", "absl::SleepFor(d);"],
        ["// sleep_for(10ms)", 'Log("sleep(1)");', "loop.sleep(1);", "sleeper(1);"],
    ),
    "sleep in Python": (
        "tests/integration/drain_test.py",
        ["time.sleep(1)", "await asyncio.sleep(1)"],
        ["wait_until(ready, deadline=5)"],
    ),
    "sleep in a shell": (
        "tests/load/run.sh",
        ["sleep 1", "  sleep 0.1", "true; sleep 1", "while ! ready; do sleep 1; done"],
        ["wait_for_sleep 1", "echo no sleep here"],
    ),
    "killing by name": (
        "tests/load/run.sh",
        ["pkill fairlead", "killall -9 nginx"],
        ['kill "$pid"'],
    ),
    "printing": (
        "dataplane/control/stream.cc",
        ["std::cout << x;", "  printf(x);", "std::cerr << x;"],
        ['Log("printf(x)");', "snprintf(buffer, size, x);"],
    ),
    "absl::Mutex": (
        "dataplane/control/store.h",
        ["absl::Mutex mutex_;", "absl::MutexLock lock(&mutex_);", "absl::CondVar changed_;"],
        ["std::mutex mutex_;"],
    ),
    "locks on the worker's side": (
        "dataplane/proxy/stream.cc",
        ["std::mutex mutex_;", "std::lock_guard lock(mutex_);", "std::condition_variable changed_;"],
        ["std::atomic<int> active_;"],
    ),
    "const_cast": ("ctl/apply.cc", ["const_cast<char*>(x)"], ["// const_cast<char*>(x)"]),
    "using namespace": ("ctl/apply.cc", ["using namespace std;"], ["using std::chrono::milliseconds;"]),
    "TODO without an issue": (
        "dataplane/proxy/stream.cc",
        ["// TODO: more", "// TODO(me): more", "f();  // FIXME"],
        ["// TODO(#12): more", "// TODOS"],
    ),
    "code for tests in production": (
        "dataplane/proxy/stream.h",
        ["#ifdef TESTING", "#if defined(UNIT_TEST)", "FRIEND_TEST(A, B);", "void SetClockForTesting(Clock* clock);"],
        ["void SetClock(Clock* clock);", "// Not #ifdef TESTING."],
    ),
    "exceptions": ("dataplane/proxy/stream.cc", ["throw 1;", "} catch (...) {"], ["rethrow();", "// throw"]),
    "thread_local": ("dataplane/proxy/stream.cc", ["thread_local int x;"], ["int thread_locals;"]),
    "detached threads": ("ctl/apply.cc", ["thread.detach();", "thread->detach();"], ["thread.join();"]),
    "std::regex": ("ctl/apply.cc", ["std::regex pattern;", "#include <regex>"], ["RE2 pattern;"]),
    "rand": ("ctl/apply.cc", ["int x = rand();", "srand(1);"], ["random.rand();", "operand();"]),
    "running programs": (
        "dataplane/control/stream.cc",
        ["system(command);", "popen(command, mode);", "if (fork() == 0) {", "execvp(path, arguments);"],
        ["file.system();", "ecosystem(1);"],
    ),
    "nameless NOLINT": (
        "dataplane/proxy/stream.cc",
        ["f();  // NOLINT", "// NOLINTNEXTLINE"],
        ["f();  // NOLINT(bugprone-use-after-move): what is tested"],
    ),
}


def faults_of(path, text, exceptions=None):
    return bans.check([tree.File(path, text)], exceptions=exceptions or {})


class Bans(unittest.TestCase):
    def test_each_have_an_example(self):
        self.assertEqual({ban.name for ban in bans.BANS}, set(EXAMPLES))

    def test_find_what_they_forbid_and_say_why(self):
        for ban in bans.BANS:
            path, forbidden, _ = EXAMPLES[ban.name]
            for line in forbidden:
                with self.subTest(ban=ban.name, line=line):
                    self.assertEqual(faults_of(path, f"\n{line}\n"), [f"{path}:2: {ban.name}: {ban.reason}"])

    def test_leave_all_else_alone(self):
        for name, (path, _, allowed) in EXAMPLES.items():
            for line in allowed:
                with self.subTest(ban=name, line=line):
                    self.assertEqual(faults_of(path, f"{line}\n"), [])

    def test_hold_where_their_reason_holds(self):
        for path, line in (
            ("bench/compare.cc", "usleep(5);"),
            ("bench/compare.py", "time.sleep(1)"),
            ("dataplane/main.cc", "std::cout << x;"),
            ("dataplane/server/flags.cc", "std::cout << x;"),
            ("ctl/table.cc", "std::cout << x;"),
            ("dataplane/control/store.h", "std::mutex mutex_;"),
            ("dataplane/event/mailbox.h", "std::mutex mutex_;"),
            ("dataplane/metrics/counter_test.cc", "std::mutex mutex_;"),
            ("dataplane/upgrade/successor.cc", "execv(path, arguments);"),
            ("ctl/apply.cc", "throw 1;"),
            ("bazel/tsan.cc", "absl::Mutex* mutex;"),
            ("third_party/x.cc", "// TODO: more"),
            ("docs/DEVELOPMENT.md", "pkill fairlead"),
        ):
            with self.subTest(path=path):
                self.assertEqual(faults_of(path, f"{line}\n"), [])

    def test_keep_files_short(self):
        self.assertEqual(faults_of("dataplane/proxy/stream.cc", "\n" * 600), [])
        self.assertIn("stream.cc:601: ", faults_of("dataplane/proxy/stream.cc", "\n" * 601)[0])
        self.assertIn("compare.py:601: ", faults_of("bench/compare.py", "\n" * 601)[0])
        self.assertEqual(faults_of("docs/API.md", "\n" * 601), [])

    def test_know_exceptions(self):
        exceptions = {("ctl/apply.cc", "thread_local"): "why"}
        self.assertEqual(faults_of("ctl/apply.cc", "thread_local int x;\n", exceptions), [])
        self.assertEqual(len(faults_of("ctl/diff.cc", "thread_local int x;\n", exceptions)), 2)

    def test_find_an_exception_that_is_needed_no_more(self):
        exceptions = {("ctl/apply.cc", "thread_local"): "why"}
        self.assertIn("needs no exception", faults_of("ctl/apply.cc", "int x;\n", exceptions)[0])


if __name__ == "__main__":
    unittest.main()
