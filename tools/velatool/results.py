# SPDX-License-Identifier: Apache-2.0
"""Counts test results: reads the entries of Meson's log, and prints failures and the closing line."""

import re
from dataclasses import dataclass, field

from velatool import tap
from velatool.process import tail

FAILURE_LINES = 40
# The line of a Python traceback that says what was wrong; a transcript of any length may follow it.
ERROR = re.compile(r"^(?:# )?((?:\w+\.)*\w*Error: .+)$", re.MULTILINE)
# What a program returns to say that it cannot run here; its last line says why.
SKIPPED_STATUS = 77


@dataclass
class Tally:
    """What is known after some tests."""

    passed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> str:
        """The closing line."""
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def without_good_results(text: str) -> str:
    """Output without the lines about tests that went well."""
    kept = [line for line in text.splitlines(keepends=True) if not re.match(r"\s*ok \d", line)]
    return "".join(kept)


def add_entry(tally: Tally, entry: dict) -> None:
    """Count the results of one program: its TAP report, or itself if it prints none.

    Meson counts a TAP program that prints nothing as skipped; here it has failed.
    """
    stdout = entry.get("stdout") or ""
    output = tail(without_good_results(stdout) + (entry.get("stderr") or ""), FAILURE_LINES)
    if re.search(r"^1\.\.\d+", stdout, re.MULTILINE):
        add_report(tally, entry, stdout, output)
    elif entry["result"] in ("OK", "EXPECTEDFAIL"):
        tally.passed += 1
    elif entry["result"] == "SKIP" and entry.get("returncode") == SKIPPED_STATUS:
        tally.skipped.append((entry["name"], tail(output, 1)))
    else:
        tally.failed.append((entry["name"], f"{entry['result']}\n{output}"))


def add_report(tally: Tally, entry: dict, stdout: str, output: str) -> None:
    """Count the results of a TAP report; the last failure of a program shows its output."""
    name = entry["name"]
    collector = tap.parse(stdout)
    results = collector.finish()
    tally.passed += sum(result.ok and not result.skipped for result in results)
    tally.skipped += [(f"{name}: {result.name}", result.reason or "no reason given")
                      for result in results if result.skipped]
    failed = [(f"{name}: {result.name}", result.reason) for result in results if not result.ok]
    good = entry["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    if collector.faults or (not good and not failed):
        failed.append((name, "; ".join(collector.faults) or entry["result"]))
    if failed:
        label, reason = failed[-1]
        errors = "\n".join(ERROR.findall(stdout))
        failed[-1] = (label, f"{reason}\n{errors}\n{output}".strip())
    tally.failed += failed


def print_report(tally: Tally) -> None:
    """Failures with the end of their output, skipped tests with their reasons, the closing line."""
    for name, text in tally.failed:
        print(f"\nFAILED {name}")
        for line in text.splitlines():
            print(f"    {line}")
    if tally.skipped:
        print("\nskipped:")
        for name, reason in tally.skipped:
            print(f"    {name}: {reason}")
    print()
    print(tally.summary(), flush=True)
