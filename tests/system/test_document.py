# SPDX-License-Identifier: Apache-2.0
"""The follower of documents, on small documents of its own."""

import tempfile
import unittest
from pathlib import Path

from harness.document import Reader, blocks, keys
from velatool import tapunit

GOOD = """\
Text.

```conf my.conf
vm a { }
```

```sh
grep -q 'vm a' my.conf
echo made > result
```

```text
not for running
```

```console
$ sh -c 'echo one; printf "a# "; read x; echo got $x; exit 0'
one
a# hello there
...
got ... there
$ sh -c 'printf "b# "; read y; exit 0'
b#
(press x Return)
```
"""


class DocumentTest(unittest.TestCase):
    """Follows documents in a scratch directory."""

    def follow(self, text: str) -> int:
        """Follow a document with this text."""
        with tempfile.TemporaryDirectory() as name:
            document = Path(name, "doc.md")
            document.write_text(text)
            return Reader(Path(name)).follow(document)

    def test_all_kinds_of_blocks(self) -> None:
        self.assertEqual(self.follow(GOOD), 3)

    def test_failing_script(self) -> None:
        with self.assertRaisesRegex(AssertionError, r"doc.md:3: ended with 1"):
            self.follow("x\n\n```sh\nfalse\ntrue\n```\n")

    def test_output_that_does_not_come(self) -> None:
        with self.assertRaisesRegex(AssertionError, r"doc.md:1: the program ended before 'two'"):
            self.follow("```console\n$ echo one\ntwo\n```\n")

    def test_command_that_fails_within_a_dialogue(self) -> None:
        with self.assertRaisesRegex(AssertionError, "ended with 3"):
            self.follow("```console\n$ sh -c 'exit 3'\n$ true\n```\n")

    def test_output_before_any_command(self) -> None:
        with self.assertRaisesRegex(AssertionError, "does not begin with a command"):
            self.follow("```console\none\n```\n")

    def test_keys(self) -> None:
        self.assertEqual(keys("Ctrl-] 2 Ctrl-a q Return"), "\x1d2\x01q\r")

    def test_line_numbers(self) -> None:
        self.assertEqual([block.line for block in blocks(GOOD)], [3, 7, 12, 16])


if __name__ == "__main__":
    tapunit.main()
