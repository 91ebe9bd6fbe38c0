# SPDX-License-Identifier: Apache-2.0
"""Runs a machine without a terminal and takes its serial line apart, line by line."""

import contextlib
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from velatool import bochs, qemu

# Terminal control sequences, which are no part of a line's text.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Outcome:
    """How a machine ran. status is QEMU's, or None when it was ended from outside.

    cpu_seconds is the emulator's user and system time until then. fault and log come from Bochs: why
    the machine did not end well, and the end of the log.
    """

    lines: list[str] = field(default_factory=list)
    status: int | None = None
    timed_out: bool = False
    stopped: bool = False
    cpu_seconds: float = 0.0
    fault: str = ""
    log: list[str] = field(default_factory=list)

    def take(self, lines: Iterable[str | None], stop: Callable[[str], bool]) -> None:
        """Take a machine's lines up to the last one, or the one that stop() calls the last."""
        for line in lines:
            if line is None:
                self.timed_out = True
                return
            self.lines.append(line)
            if stop(line):
                self.stopped = True
                return


def text_line(raw: bytes) -> str:
    """A line as it is read: without control sequences and line end."""
    return CONTROL.sub("", raw.decode(errors="replace")).rstrip("\r\n")


def _pump(stream: BinaryIO, lines: "queue.Queue[str | None]") -> None:
    # A killed emulator may leave its end of a connection in any state.
    with contextlib.suppress(OSError):
        for raw in stream:
            lines.put(text_line(raw))
    lines.put(None)


def lines_until(stream: BinaryIO, deadline: float) -> Iterator[str | None]:
    """A machine's lines as they come; a final None says that the deadline passed."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(stream, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield None
            return
        if line is None:
            return
        yield line


def cpu_seconds(pid: int) -> float:
    """User and system time of a running process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def run(machine: qemu.Machine, timeout: float, stop: Callable[[str], bool],
        answer: Callable[[str], bytes] = lambda _line: b"") -> Outcome:
    """Run until the machine ends, time is up, or stop() says of a line that it is the last.

    What answer() makes of a line is typed.
    """
    outcome = Outcome()
    with qemu.stage(machine.modules) as directory:
        process = subprocess.Popen(qemu.command(machine), cwd=directory, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdin is not None and process.stdout is not None

        def heed(line: str) -> bool:
            """Type the answer to a line, then say whether it is the last."""
            process.stdin.write(answer(line))
            process.stdin.flush()
            return stop(line)

        try:
            outcome.take(lines_until(process.stdout, time.monotonic() + timeout), heed)
            if outcome.timed_out or outcome.stopped:
                outcome.cpu_seconds = cpu_seconds(process.pid)
            else:
                outcome.status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdin.close()
            process.stdout.close()
    return outcome


def run_bochs(machine: bochs.Machine, timeout: float, stop: Callable[[str], bool]) -> Outcome:
    """The same in Bochs. A machine that resets or switches itself off has ended well."""
    outcome = Outcome()
    with bochs.Run(machine) as started:
        outcome.take(lines_until(started.line.makefile("rb"), time.monotonic() + timeout), stop)
        if outcome.timed_out or outcome.stopped:
            outcome.cpu_seconds = cpu_seconds(started.process.pid)
        else:
            outcome.fault = started.fault()
        outcome.log = started.log_tail()
    return outcome
