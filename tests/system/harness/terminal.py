# SPDX-License-Identifier: Apache-2.0
"""A program on a pseudo terminal, driven as a person would: read what it says, type, wait.

Text is matched without terminal control sequences and carriage returns, in the order in which it
came: each expect() continues after the last match. When something expected does not come, the error
carries the end of the transcript.
"""

import codecs
import contextlib
import ctypes
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

# CSI and OSC sequences, other two-character escapes, and bytes without a place in a transcript.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_78=>]"
                     r"|[\x00-\x08\x0b-\x1a\x1c-\x1f]")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?$")
TRANSCRIPT_TAIL = 4000


class ExpectError(AssertionError):
    """Something expected did not come."""


def die_with_parent() -> None:
    """Have the kernel end this process when the test does, even if that is killed for its time."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Terminal:
    """One program on its own terminal, which starts in the usual line mode with echo.

    Use it as a context manager: leaving it ends the program.
    """

    def __init__(self, command: Sequence[str], cwd: Path | None = None,
                 env: Mapping[str, str] | None = None) -> None:
        self.text = ""
        self.position = 0
        self._pending = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._cleanups = contextlib.ExitStack()
        self._fd, program_side = pty.openpty()
        self.process = subprocess.Popen(command, cwd=cwd, stdin=program_side, stdout=program_side,
                                        stderr=program_side, env=env,
                                        start_new_session=True, preexec_fn=die_with_parent)
        os.close(program_side)
        # A program that waits until its output is read must not make the test wait while it types.
        os.set_blocking(self._fd, False)

    def on_close(self, cleanup: Callable[[], object]) -> None:
        """Have something done when the terminal is closed."""
        self._cleanups.callback(cleanup)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the program and everything it started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._fd)
        self._cleanups.close()

    def send(self, keys: str | bytes) -> None:
        """Type."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            readable, writable, _ = select.select([self._fd], [self._fd], [])
            if readable and not self.read(0):
                self.fail("the program ended while there was something to type")
            if writable:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._fd, data):]

    def line(self, text: str) -> None:
        """Type a line and press Return."""
        self.send(text + "\r")

    def read(self, timeout: float) -> bool:
        """Take in what the program wrote, waiting at most timeout; False at the end of it all."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, timeout))
        if not ready:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self._pending += self._decoder.decode(data, final=not data)
        cut = UNFINISHED.search(self._pending)
        end = cut.start() if cut else len(self._pending)
        self.text += CONTROL.sub("", self._pending[:end])
        self._pending = self._pending[end:]
        return bool(data)

    def expect(self, pattern: str, timeout: float = 60) -> re.Match[str]:
        """Wait for text that matches, and continue after it."""
        wanted = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        alive = True
        while True:
            match = wanted.search(self.text, self.position)
            if match:
                self.position = match.end()
                return match
            if not alive:
                self.fail(f"the program ended before '{pattern}' came")
            if time.monotonic() >= deadline:
                self.fail(f"'{pattern}' did not come within {timeout:g} s")
            alive = self.read(deadline - time.monotonic())

    def expect_nothing(self, pattern: str, seconds: float) -> None:
        """Watch for a while; text that matches is an error."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.read(deadline - time.monotonic()):
            pass
        if re.compile(pattern, re.MULTILINE).search(self.text, self.position):
            self.fail(f"'{pattern}' came")

    def wait_end(self, timeout: float = 30) -> int:
        """Wait until the program has ended and return its exit status."""
        deadline = time.monotonic() + timeout
        while self.read(deadline - time.monotonic()):
            if time.monotonic() >= deadline:
                self.fail(f"the program did not end within {timeout:g} s")
        return self.process.wait(timeout=max(1.0, deadline - time.monotonic()))

    def fail(self, message: str) -> None:
        """Raise an error that shows where the dialogue stood."""
        seen, rest = self.text[:self.position], self.text[self.position:]
        transcript = (seen + "<<< matched up to here >>>" + rest)[-TRANSCRIPT_TAIL:]
        raise ExpectError(f"{message}\n--- transcript ---\n{transcript}\n--- end ---")
