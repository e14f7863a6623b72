import os
import subprocess
import tempfile
import unittest

import tree


class WithoutCommentsAndStrings(unittest.TestCase):
    def check(self, cpp, expected):
        self.assertEqual(tree.without_comments_and_strings(cpp), expected)

    def test_blanks_out_comments(self):
        self.check("a; // b\nc;", "a;     \nc;")
        self.check("a; /* b\nc */ d;", "a;     \n     d;")

    def test_blanks_out_strings_and_characters(self):
        self.check('f("a // b", \'"\', c);', "f(        ,    , c);")
        self.check(r'f("a\"b", c);', "f(      , c);")

    def test_blanks_out_raw_strings(self):
        self.check('f(R"(a"b\n)", c);', "f(      \n  , c);")
        self.check('f(R"x(a)"b)x", c);', "f(           , c);")

    def test_leaves_numbers_with_digit_separators(self):
        self.check("f(1'000, 2'000);", "f(1'000, 2'000);")


class FileLanguage(unittest.TestCase):
    def test_is_told_by_the_name_or_the_first_line(self):
        for path, text, language in (
            ("a/b.h", "", "c++"),
            ("a/b.cc", "", "c++"),
            ("a/b.py", "", "python"),
            ("a/b", "#!/usr/bin/env python3\n", "python"),
            ("a/b.sh", "", "shell"),
            ("a/b", "#!/bin/bash\n", "shell"),
            ("a/b", "#!/bin/sh -e\n", "shell"),
            ("a/b.md", "#!/bin/sh\n"[2:], ""),
            ("BUILD", "", ""),
        ):
            self.assertEqual(tree.File(path, text).language, language, path)


class FilesOf(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.git("init", "--quiet")

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, *arguments], check=True)

    def write(self, path, content):
        os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
        with open(os.path.join(self.root, path), "wb") as file:
            file.write(content)

    def paths(self):
        return [file.path for file in tree.files_of(self.root)]

    def test_has_files_that_were_added_and_such_that_were_not_yet(self):
        self.write("a/added.cc", b"x")
        self.git("add", "a/added.cc")
        self.write("a/new.cc", b"x")
        self.assertEqual(self.paths(), ["a/added.cc", "a/new.cc"])

    def test_has_no_file_that_git_ignores_or_that_is_deleted(self):
        self.write(".gitignore", b"/out\n")
        self.write("out/x.cc", b"x")
        self.write("deleted.cc", b"x")
        self.git("add", "deleted.cc")
        os.remove(os.path.join(self.root, "deleted.cc"))
        self.assertEqual(self.paths(), [".gitignore"])

    def test_has_no_file_that_is_not_text(self):
        self.write("corpus/input", b"\xff\xfe")
        self.assertEqual(self.paths(), [])


if __name__ == "__main__":
    unittest.main()
