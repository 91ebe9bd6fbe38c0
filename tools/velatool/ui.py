# SPDX-License-Identifier: Apache-2.0
"""What the command says: progress and errors on standard error, results on standard output.

Every failure a user can meet is a VelaError: a sentence that says what failed, and a hint that says
what to do about it. The class decides the exit code.
"""

import difflib
import sys
from collections.abc import Iterable


class VelaError(Exception):
    """A failure to report; hint says what the user can do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(VelaError):
    """The command line is wrong."""

    exit_code = 2


class NotFound(VelaError):
    """A file the user named, or one that is needed, is not there."""

    exit_code = 3


def progress(text: str) -> None:
    """Print one progress line."""
    print(f"vela: {text}", file=sys.stderr, flush=True)


def report(error: VelaError) -> int:
    """Print an error with its hint and return the exit code for it."""
    print(f"vela: error: {error}", file=sys.stderr)
    if error.hint:
        for line in error.hint.splitlines():
            print(f"      {line}", file=sys.stderr)
    sys.stderr.flush()
    return error.exit_code


def nearest(word: str, known: Iterable[str]) -> str:
    """A question naming the known word closest to word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else ""


def human_bytes(count: int) -> str:
    """A size for people: 812 B, 96.0 KiB, 3.4 MiB."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024 / 1024:.1f} MiB"
