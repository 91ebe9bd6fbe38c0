# SPDX-License-Identifier: Apache-2.0
"""Runs a machine without a terminal and takes its serial line apart, line by line."""

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from velatool import qemu

# Terminal control sequences, which are no part of a line's text.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Outcome:
    """How a machine ran. status is None when it was ended from outside.

    cpu_seconds is the emulator's user and system time until then.
    """

    lines: list[str] = field(default_factory=list)
    status: int | None = None
    timed_out: bool = False
    stopped: bool = False
    cpu_seconds: float = 0.0


def _pump(process: subprocess.Popen[bytes], lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    for raw in process.stdout:
        lines.put(CONTROL.sub("", raw.decode(errors="replace")).rstrip("\r\n"))
    lines.put(None)


def lines_until(process: subprocess.Popen[bytes], deadline: float) -> Iterator[str | None]:
    """The machine's lines as they come; a final None says that the deadline passed."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
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


def run(machine: qemu.Machine, timeout: float, stop: Callable[[str], bool]) -> Outcome:
    """Run until the machine ends, time is up, or stop() says of a line that it is the last."""
    outcome = Outcome()
    with qemu.stage(machine.modules) as directory:
        process = subprocess.Popen(qemu.command(machine), cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for line in lines_until(process, time.monotonic() + timeout):
                if line is None:
                    outcome.timed_out = True
                    break
                outcome.lines.append(line)
                if stop(line):
                    outcome.stopped = True
                    break
            if outcome.timed_out or outcome.stopped:
                outcome.cpu_seconds = cpu_seconds(process.pid)
            else:
                outcome.status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
    return outcome
