# SPDX-License-Identifier: Apache-2.0
"""The runner of test machines, on a machine that prints what it is given and ends as told."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from velatool import bench, paths, qemu, tap, tapunit
from velatool.ui import VelaError

RUNNER = paths.ROOT / "tools" / "velatool" / "ktap_run.py"
KERNEL = os.environ["ECHO_MACHINE"]
GOOD = "KTAP version 1\r\n1..2\r\nok 1 first\r\nok 2 second\r\n"
QUIT, FAILED, PANIC = b"\x10", b"\x11", b"\x20"


class MachineTest(unittest.TestCase):
    """Each test boots one machine."""

    def run_machine(self, output: str, end: bytes | None, *options: str) -> tuple[int, str]:
        """Boot a machine that prints output and ends; the runner's exit code and output."""
        with tempfile.TemporaryDirectory() as name:
            report, code = Path(name, "report"), Path(name, "code")
            report.write_bytes(output.encode())
            modules = str(report)
            if end is not None:
                code.write_bytes(end)
                modules += f" with,{code}"
            done = subprocess.run(
                [sys.executable, "-B", RUNNER, "--kernel", KERNEL, "--modules", modules,
                 "--memory", "64", "--timeout", "20", *options],
                capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def failures(self, text: str) -> list[str]:
        """Names of the failed tests of a TAP report, which must itself be well-formed."""
        collector = tap.parse(text)
        results = collector.finish()
        self.assertEqual(collector.faults, [])
        return [result.name for result in results if not result.ok]

    def test_good_report(self) -> None:
        status, text = self.run_machine("log line\r\n" + GOOD, QUIT)
        self.assertEqual((status, self.failures(text)), (0, []))
        self.assertIn("ok 2 - second\n", text)
        self.assertIn("# log line\n", text)

    def test_failed_test(self) -> None:
        status, text = self.run_machine(GOOD.replace("ok 2", "not ok 2"), QUIT)
        self.assertEqual((status, self.failures(text)), (1, ["second"]))

    def test_no_report_at_all(self) -> None:
        status, text = self.run_machine("nothing\r\n", QUIT)
        self.assertEqual((status, self.failures(text)), (1, ["the report is complete"]))

    def test_report_cut_short(self) -> None:
        status, text = self.run_machine(GOOD.replace("ok 2 second\r\n", ""), QUIT)
        self.assertEqual((status, self.failures(text)), (1, ["the report is complete"]))

    def test_panic_after_a_good_report(self) -> None:
        status, text = self.run_machine(GOOD + "PANIC here\r\n", PANIC)
        self.assertEqual((status, self.failures(text)), (1, ["the machine ends by quit"]))
        self.assertIn("# PANIC here\n", text)

    def test_wrong_end(self) -> None:
        status, text = self.run_machine(GOOD, FAILED)
        self.assertEqual((status, self.failures(text)), (1, ["the machine ends by quit"]))

    def test_expected_panic(self) -> None:
        status, text = self.run_machine("PANIC pf at 5\r\n", PANIC, "--end", "panic",
                                        "--expect-line", "PANIC .* at [0-9]")
        self.assertEqual((status, self.failures(text)), (0, []))

    def test_machine_that_hangs(self) -> None:
        status, text = self.run_machine(GOOD, None, "--timeout", "3")
        self.assertEqual((status, self.failures(text)), (1, ["the machine ends by quit"]))
        self.assertIn("did not end within 3 s", text)

    def test_machine_that_halts_after_its_line(self) -> None:
        status, text = self.run_machine("needs SVM\r\n", None, "--end", "halt",
                                        "--expect-line", "needs SVM")
        self.assertEqual((status, self.failures(text)), (0, []))

    def test_missing_line(self) -> None:
        status, text = self.run_machine("x\r\n", None, "--timeout", "3", "--end", "halt",
                                        "--expect-line", "needs SVM")
        self.assertEqual((status, self.failures(text)), (1, ["prints a line matching needs SVM"]))

    def test_figures_of_a_benchmark(self) -> None:
        figures = self.figures("@@ first 12\r\nbench: @@ second 1.50\r\n@@ First 3\r\n")
        self.assertEqual(figures, {"first": 12, "second": 1.5})

    def test_missing_figure(self) -> None:
        with self.assertRaisesRegex(VelaError, "the figures second did not come: Vela quit"):
            self.figures("@@ first 12\r\n")

    def figures(self, output: str) -> dict[str, float]:
        """The figures "first" and "second" of a machine that prints output."""
        with tempfile.TemporaryDirectory() as name:
            report, code = Path(name, "report"), Path(name, "code")
            report.write_bytes(output.encode())
            code.write_bytes(QUIT)
            machine = qemu.Machine(kernel=Path(KERNEL), memory_mib=64, modules=(
                qemu.Module("report", report), qemu.Module("code", code)))
            return bench.run_counted(machine, ["first", "second"], 60)


if __name__ == "__main__":
    tapunit.main()
