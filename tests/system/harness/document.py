# SPDX-License-Identifier: Apache-2.0
"""Runs the command blocks of a document, so that what it tells a reader to do is known to work.

A fenced block is taken by the first word after its fence:

    conf NAME   the block is the content of the file NAME
    sh          a shell script; it must succeed
    console     a dialogue on a terminal, line by line:
                "$ COMMAND" starts a program, after the last one has ended;
                "NAME# TEXT" waits for the prompt "NAME# ", then types TEXT and Return; the prompts
                "USER@NAME:~# " and "NAME login: " are waited for in the same way;
                "(press KEYS)" presses keys: words such as Ctrl-], Return, or plain characters;
                "..." stands for any number of lines;
                any other line must come as output; "..." within it matches anything.

All blocks of a document run in order in one directory. Blocks of other kinds are only read.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.terminal import Terminal

FENCE = re.compile(r"^```(\S*)[ \t]*(\S*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^(\w+# |\w+@\w+:~# |\w+ login: )(.*)$")
KEYS = re.compile(r"^\(press (.*)\)$")
STEP_TIMEOUT = 180
SCRIPT_TIMEOUT = 600
NAMED_KEYS = {"Return": "\r", "Space": " ", "Tab": "\t", "Escape": "\x1b"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    kind: str
    name: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a document, in order."""
    return [Block(match.group(1), match.group(2), match.group(3),
                  text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)]


def keys(description: str) -> str:
    """What pressing the described keys sends."""
    sent = ""
    for word in description.split():
        control = re.fullmatch(r"Ctrl-(.)", word)
        sent += chr(ord(control.group(1).upper()) & 0x1F) if control \
            else NAMED_KEYS.get(word, word)
    return sent


def output_pattern(line: str) -> str:
    """A pattern for an expected line of output."""
    return ".*".join(re.escape(part) for part in line.rstrip().split("..."))


class Reader:
    """Follows one document in a directory of its own, which must have ./vela in it."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.environment = dict(environment or {})
        self.terminal: Terminal | None = None

    def follow(self, document: Path) -> int:
        """Do everything that a document says; returns how many blocks were run."""
        done = 0
        for block in blocks(document.read_text()):
            action = {"conf": self.write, "sh": self.script, "console": self.dialogue}.get(block.kind)
            if action is None:
                continue
            try:
                action(block)
            except AssertionError as error:
                raise AssertionError(f"{document.name}:{block.line}: {error}") from None
            done += 1
        return done

    def write(self, block: Block) -> None:
        """Make the file that a block shows."""
        assert block.name, "a conf block needs the name of its file"
        (self.directory / block.name).write_text(block.text)

    def script(self, block: Block) -> None:
        """Run a block as a shell script."""
        done = subprocess.run(["sh", "-eu", "-c", block.text], cwd=self.directory,
                              env={**os.environ, **self.environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SCRIPT_TIMEOUT, check=False)
        assert done.returncode == 0, f"ended with {done.returncode}\n{done.stdout}{done.stderr}"

    def dialogue(self, block: Block) -> None:
        """Hold the dialogue that a block shows; a program that still runs at its end is ended."""
        try:
            for line in block.text.splitlines():
                self.step(line)
        finally:
            if self.terminal is not None:
                self.terminal.close()
                self.terminal = None

    def step(self, line: str) -> None:
        """Do, or wait for, one line of a dialogue."""
        if line.startswith("$ "):
            self.start(line[2:])
            return
        terminal = self.terminal
        assert terminal is not None, "the dialogue does not begin with a command"
        prompt, pressed = PROMPT.match(line), KEYS.match(line)
        if prompt:
            terminal.expect(re.escape(prompt.group(1)), STEP_TIMEOUT)
            if prompt.group(2):
                terminal.line(prompt.group(2))
        elif pressed:
            terminal.send(keys(pressed.group(1)))
        elif line.strip() not in ("", "..."):
            terminal.expect(output_pattern(line), STEP_TIMEOUT)

    def start(self, command: str) -> None:
        """Start a program; the one before it must have ended well."""
        if self.terminal is not None:
            status = self.terminal.wait_end(STEP_TIMEOUT)
            assert status == 0, f"the command before '{command}' ended with {status}"
            self.terminal.close()
        self.terminal = Terminal(["sh", "-c", f"exec {command}"], cwd=self.directory,
                                 env={**os.environ, "TERM": "xterm", **self.environment})
