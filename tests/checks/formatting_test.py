import os
import tempfile
import unittest

import formatting
import tree


class Formatting(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.write(".clang-format", "BasedOnStyle: Google\n")

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as file:
            file.write(text)

    def faults_of(self, path, text):
        self.write(path, text)
        return formatting.check([tree.File(path, text)], self.root)

    def test_takes_what_is_in_form(self):
        self.assertEqual(self.faults_of("a.cc", "int a = 1;\n"), [])
        self.assertEqual(self.faults_of("a.py", "a = 1\n"), [])
        self.assertEqual(self.faults_of("a.sh", "if true; then a=1; fi\n"), [])
        self.assertEqual(self.faults_of("a.md", "int  a=1 ;\n"), [])

    def test_finds_cpp_that_clang_format_would_change(self):
        faults = self.faults_of("a.cc", "int a = 1;\nint  b=2;\n")
        self.assertTrue(faults)
        self.assertTrue(all(fault.startswith("a.cc:2:") for fault in faults), faults)

    def test_finds_python_that_does_not_compile(self):
        self.assertTrue(self.faults_of("a.py", "a = 1\nif a\n")[0].startswith("a.py:2: "))

    def test_finds_shell_that_does_not_parse(self):
        self.assertTrue(self.faults_of("a.sh", "if true; then a=1\n"))

    def test_fails_where_clang_format_fails(self):
        self.write(".clang-format", "BasedOnStyle: Nobody's\n")
        self.assertTrue(self.faults_of("a.cc", "int a = 1;\n"))


if __name__ == "__main__":
    unittest.main()
