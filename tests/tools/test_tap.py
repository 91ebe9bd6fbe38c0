# SPDX-License-Identifier: Apache-2.0
"""The TAP and KTAP reader: results, nesting, and reports with something missing."""

import unittest

from velatool import tap, tapunit

NESTED = """\
a line of the kernel's log
KTAP version 1
1..2
  KTAP version 1
  # Subtest: ipc
  1..2
  ok 1 call
  not ok 2 reply
not ok 1 ipc
ok 2 destroy # SKIP one CPU only
"""


class TapTest(unittest.TestCase):
    """Feeds whole reports."""

    def results(self, text: str) -> tuple[list[tap.Result], list[str]]:
        """Results and faults of a report."""
        collector = tap.parse(text)
        return collector.finish(), collector.faults

    def test_nested_results_replace_their_group(self) -> None:
        results, faults = self.results(NESTED)
        self.assertEqual(faults, [])
        self.assertEqual([(result.name, result.ok) for result in results],
                         [("ipc: call", True), ("ipc: reply", False), ("destroy", True)])
        self.assertTrue(results[2].skipped)
        self.assertEqual(results[2].reason, "one CPU only")

    def test_failed_group_with_good_members_fails(self) -> None:
        results, _ = self.results("1..1\n  1..1\n  ok 1 member\nnot ok 1 group\n")
        self.assertEqual([(result.name, result.ok) for result in results], [("group", False)])

    def test_an_empty_report_has_no_plan(self) -> None:
        self.assertEqual(self.results(""), ([], ["no test plan was printed"]))

    def test_results_without_plan(self) -> None:
        results, faults = self.results("ok 1 a\n")
        self.assertEqual(len(results), 1)
        self.assertEqual(faults, ["no test plan was printed"])

    def test_missing_result(self) -> None:
        _, faults = self.results("1..2\nok 1 a\n")
        self.assertEqual(faults, ["the plan: 2 results were planned, 1 came"])

    def test_missing_nested_result(self) -> None:
        _, faults = self.results("1..1\n  1..2\n  ok 1 a\nok 1 group\n")
        self.assertEqual(faults, ["group: 2 results were planned, 1 came"])

    def test_group_that_never_ends(self) -> None:
        _, faults = self.results("1..1\nok 1 a\n  1..1\n  ok 1 b\n")
        self.assertEqual(faults, ["the last group has no result of its own"])

    def test_a_plan_may_come_last(self) -> None:
        results, faults = self.results("ok 1 - a\r\nok 2 - b\r\n1..2\r\n")
        self.assertEqual(([result.name for result in results], faults), (["a", "b"], []))

    def test_lines_survive_the_way_through_meson(self) -> None:
        line = tap.line_for(3, tap.Result("a # b", True, True, "why"))
        self.assertEqual(line, "ok 3 - a  b # SKIP why")
        self.assertTrue(tap.parse(line).results[0][1].skipped)


if __name__ == "__main__":
    tapunit.main()
