# SPDX-License-Identifier: Apache-2.0
"""How results are counted: nothing that went wrong may look like success."""

import unittest

from velatool import tapunit
from velatool.results import Tally, add_entry


class ResultsTest(unittest.TestCase):
    """Each test counts one program's log entry."""

    def tally(self, result: str, stdout: str = "", returncode: int = 0, stderr: str = "") -> Tally:
        """The tally of one entry."""
        tally = Tally()
        add_entry(tally, {"name": "a", "result": result, "stdout": stdout, "stderr": stderr,
                          "returncode": returncode})
        return tally

    def test_program_without_report(self) -> None:
        self.assertEqual(self.tally("OK", "hello").summary(), "1 passed, 0 failed")
        tally = self.tally("FAIL", "hello", 1, "the reason\n")
        self.assertEqual(tally.summary(), "0 passed, 1 failed")
        self.assertIn("the reason", tally.failed[0][1])

    def test_report(self) -> None:
        tally = self.tally("FAIL", "1..3\nok 1 x\nnot ok 2 y\nok 3 z # SKIP why\n", 1)
        self.assertEqual(tally.summary(), "1 passed, 1 failed, 1 skipped")
        self.assertEqual(tally.skipped, [("a: z", "why")])
        self.assertEqual(tally.failed[0][0], "a: y")

    def test_error_comes_before_a_long_transcript(self) -> None:
        transcript = "# line\n" * 100
        tally = self.tally("FAIL", f"1..1\nnot ok 1 x\n# dir.SomeError: it did not come\n{transcript}", 1)
        self.assertEqual(tally.failed[0][1].splitlines()[0], "dir.SomeError: it did not come")

    def test_silence_is_failure(self) -> None:
        self.assertEqual(self.tally("SKIP").summary(), "0 passed, 1 failed")

    def test_program_that_skips_itself(self) -> None:
        tally = self.tally("SKIP", "no such CPU\n", 77)
        self.assertEqual(tally.skipped, [("a", "no such CPU")])

    def test_whole_report_skipped(self) -> None:
        self.assertEqual(self.tally("SKIP", "1..1\nok 1 x # SKIP why\n").summary(),
                         "0 passed, 0 failed, 1 skipped")

    def test_crash_after_a_good_report(self) -> None:
        self.assertEqual(self.tally("ERROR", "1..1\nok 1 x\n", -11).summary(), "1 passed, 1 failed")

    def test_timeout(self) -> None:
        self.assertEqual(self.tally("TIMEOUT", "1..2\nok 1 x\n").summary(), "1 passed, 1 failed")

    def test_report_that_meson_likes_but_is_short(self) -> None:
        tally = self.tally("OK", "1..2\nok 1 x\n")
        self.assertEqual(tally.summary(), "1 passed, 1 failed")
        self.assertIn("2 results were planned, 1 came", tally.failed[0][1])


if __name__ == "__main__":
    tapunit.main()
