# SPDX-License-Identifier: Apache-2.0
"""Runs a module's unittest cases and prints TAP, so that each method counts as a test."""

import sys
import unittest

from velatool import tap


class TapResult(unittest.TestResult):
    """Prints a line per finished test; what went wrong follows as comments."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.fault = ""
        self.reason = ""

    def startTest(self, test: unittest.TestCase) -> None:
        """Called by unittest before each test."""
        super().startTest(test)
        self.fault = self.reason = ""

    def stopTest(self, test: unittest.TestCase) -> None:
        """Called by unittest after each test, whatever its outcome."""
        super().stopTest(test)
        self.number += 1
        name = ".".join(test.id().split(".")[-2:])
        result = tap.Result(name, not self.fault, bool(self.reason), self.reason)
        print(tap.line_for(self.number, result), flush=True)
        for line in self.fault.splitlines():
            print(f"# {line}", flush=True)

    def addFailure(self, test: unittest.TestCase, err: tuple) -> None:
        """Called by unittest when an assertion fails."""
        super().addFailure(test, err)
        self.fault = self.failures[-1][1]

    def addError(self, test: unittest.TestCase, err: tuple) -> None:
        """Called by unittest when a test or a fixture raises."""
        super().addError(test, err)
        self.fault = self.errors[-1][1]
        if not isinstance(test, unittest.TestCase):
            self.stopTest(test)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase,
                   err: tuple | None) -> None:
        """Called by unittest after each sub-test; the test fails with its first bad one."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.fault = self.fault or f"{subtest}: {err[1]}"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """Called by unittest when a test skips itself."""
        super().addSkip(test, reason)
        self.reason = reason


def main() -> None:
    """Run the tests of the program's main module, all or those named on the command line."""
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    suite = (loader.loadTestsFromNames(sys.argv[1:], module) if len(sys.argv) > 1
             else loader.loadTestsFromModule(module))
    result = TapResult()
    suite.run(result)
    print(f"1..{result.number}", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.number else 1)
