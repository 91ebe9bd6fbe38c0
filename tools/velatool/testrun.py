# SPDX-License-Identifier: Apache-2.0
"""`vela test`: static checks and every tier of tests, one summary.

Meson runs the programs; the results are read from its log, so that each TAP result counts as a test
of its own. The last line of the output is always "N passed, N failed", with ", N skipped" if any.
"""

import fnmatch
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from velatool import build, coverage, disk, guest, packages, paths, static
from velatool.process import run as run_program, tail
from velatool.results import FAILURE_LINES, Tally, add_entry, print_report
from velatool.ui import UsageError, nearest, progress

QUICK_SUITE = "quick"
BOCHS_SUITE = "bochs"
DISK_SUITE = "disk"
PROGRESS_LINE = re.compile(r"^\s*(\d+/\d+)\s+\S*\s*/?\s*(.*)$")


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a test is wanted: no patterns, a part of its name, or a shell pattern."""
    return not patterns or any(pattern in name or fnmatch.fnmatchcase(name, pattern)
                               for pattern in patterns)


def meson_tests(directory: Path) -> list[tuple[str, list[str]]]:
    """Names and suites of the tests that Meson knows."""
    listing = run_program(["meson", "introspect", "--tests", directory], "list the tests")
    return [(test["name"], [suite.split(":", 1)[-1] for suite in test["suite"]])
            for test in json.loads(listing)]


def select(tests: list[tuple[str, list[str]]], patterns: Sequence[str], quick: bool,
           with_coverage: bool) -> list[str]:
    """The names of the tests to run. Bochs has no way out for the kernel's coverage profile."""
    return [name for name, suites in tests
            if matches(name, patterns) and (not quick or QUICK_SUITE in suites)
            and not (with_coverage and BOCHS_SUITE in suites)]


def show_progress(stream: subprocess.Popen[str]) -> None:
    """Pass on Meson's line per finished test and drop the rest of its report."""
    assert stream.stdout is not None
    for line in stream.stdout:
        match = PROGRESS_LINE.match(line)
        if match:
            print(f"  {match.group(1):>7}  {match.group(2)}", flush=True)


def run_meson(directory: Path, names: list[str], environment: dict[str, str]) -> list[dict]:
    """Run tests by name and return the entries of Meson's log."""
    log = directory / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", str(directory), "--no-rebuild",
               "--num-processes", str(os.cpu_count() or 1), *names]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=environment) as process:
        show_progress(process)
    if not log.is_file():
        return []
    entries = [json.loads(line) for line in log.read_text().splitlines() if line.strip()]
    return [{**entry, "name": entry["name"].split(" / ")[-1]} for entry in entries]


def run_static(tally: Tally, patterns: Sequence[str], quick: bool) -> None:
    """Run the static checks that are wanted."""
    for check in static.CHECKS:
        if not matches(check.name, patterns) or (quick and not check.quick):
            continue
        fault = check.run()
        print(f"  {check.name:<48} {'FAIL' if fault else 'OK'}", flush=True)
        if fault:
            tally.failed.append((check.name, tail(fault, FAILURE_LINES)))
        else:
            tally.passed += 1


def require_selection(known: list[str], chosen: list[str], patterns: Sequence[str]) -> None:
    """Patterns that select nothing are a mistake, not a success."""
    if not chosen:
        words = [word for name in known for word in (name, name.split("/")[-1])]
        raise UsageError(f"no test matches {' '.join(patterns) or 'this selection'}",
                         nearest(patterns[0], words) if patterns else "")


def run(patterns: Sequence[str], quick: bool, with_coverage: bool) -> int:
    """Build, run what is wanted, report; 0 if nothing failed."""
    build.setup()
    guest.prepare()
    directory, options = (coverage.DIRECTORY, coverage.OPTIONS) if with_coverage \
        else (paths.BUILD, ())
    build.compile_tree(directory, options)
    tests = meson_tests(directory)
    names = select(tests, patterns, quick, with_coverage)
    statics = [check.name for check in static.CHECKS if matches(check.name, patterns)]
    require_selection([name for name, _ in tests] + [check.name for check in static.CHECKS],
                      names + statics, patterns)
    if any(BOCHS_SUITE in suites for name, suites in tests if name in names):
        packages.install_missing(packages.BOCHS_PACKAGES)
    if any(DISK_SUITE in suites for name, suites in tests if name in names):
        disk.system()
    tally = Tally()
    if not with_coverage:
        run_static(tally, patterns, quick)
    if names:
        progress(f"running {len(names)} test programs")
        environment = coverage.environment() if with_coverage else dict(os.environ)
        entries = run_meson(directory, names, environment)
        for entry in entries:
            add_entry(tally, entry)
        if len(entries) < len(names):
            tally.failed.append(("meson test", f"{len(names) - len(entries)} programs left no result"))
    if with_coverage:
        print(coverage.report())
    sys.stdout.flush()
    print_report(tally)
    return 1 if tally.failed or not tally.passed else 0
