# SPDX-License-Identifier: Apache-2.0
"""Runs other programs quietly: output is kept and shown only when the program fails."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from velatool.ui import VelaError

TAIL_LINES = 25


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a program's output."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    what: str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    hint: str = "",
) -> str:
    """Run a program to its end and return its standard output.

    what completes the sentence "could not ..." of the error; the end of the output is its hint.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", check=False,
        )
    except FileNotFoundError:
        raise VelaError(f"could not {what}: the program '{words[0]}' is not installed",
                        "run './vela setup'") from None
    if done.returncode != 0:
        output = tail(done.stdout + done.stderr)
        raise VelaError(f"could not {what}: {words[0]} ended with {done.returncode}",
                        "\n".join(part for part in (hint, output) if part))
    return done.stdout


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether a program exists and ends with 0; its output is dropped."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
