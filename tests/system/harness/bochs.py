# SPDX-License-Identifier: Apache-2.0
"""Machines in Bochs, which run without input and are therefore the same every time."""

import re
import tempfile
import time
from pathlib import Path

from velatool import bochs, boot, build, paths, serial

TICKS = 60_000_000_000
TIMEOUT = 500
SCREEN_COLUMNS = 80
SCREEN_CELLS = 80 * 25
# Words of the text screen as the debugger shows them: character and colour.
SHOW_SCREEN = f"xp /{SCREEN_CELLS}hx 0xb8000"
CELL = re.compile(r"\t0x[0-9a-f]{2}([0-9a-f]{2})\b")
HALT_SECONDS = 60


def image(config: Path, directory: Path, root_arguments: str = "") -> Path:
    """A disc image of a configuration, for Bochs; the tree must be built."""
    iso = directory / "bochs.iso"
    bochs.write_image(iso, build.stripped(paths.KERNEL), boot.plan(config, root_arguments).modules)
    return iso


def boot_bochs(config: Path, model: str, *, cpus: int = 1, memory_mib: int = 768,
               root_arguments: str = "exit-when-idle") -> serial.Outcome:
    """Boot Vela with a configuration and wait for the machine's end; what is wrong with it, and the end
    of Bochs's log, are the outcome's fault and log."""
    with tempfile.TemporaryDirectory(dir=paths.BUILD) as name:
        machine = bochs.Machine(image(config, Path(name), root_arguments), model, cpus=cpus,
                                memory_mib=memory_mib, ticks=TICKS)
        outcome = serial.run_bochs(machine, TIMEOUT, lambda line: "PANIC" in line)
    if outcome.timed_out:
        outcome.fault = f"the machine did not end within {TIMEOUT} s"
    elif outcome.stopped:
        outcome.fault = outcome.lines[-1]
    return outcome


def boot_to_halt(config: Path, model: str) -> tuple[list[str], list[str]]:
    """Boot Vela until a CPU halts for good; returns the lines of serial port and screen."""
    with tempfile.TemporaryDirectory(dir=paths.BUILD) as name:
        machine = bochs.Machine(image(config, Path(name)), model, last_command=SHOW_SCREEN)
        with bochs.Run(machine) as run:
            deadline = time.monotonic() + HALT_SECONDS
            while not run.log.halts and run.process.poll() is None:
                assert time.monotonic() < deadline, "the machine did not halt"
                time.sleep(bochs.LOG_INTERVAL)
            run.interrupt()
            text = b"".join(iter(lambda: run.line.recv(65536), b""))
            run.process.wait()
            lines = [serial.text_line(line) for line in text.splitlines()]
            return lines, screen_lines(run.text("out"))


def screen_lines(debugger_output: str) -> list[str]:
    """The lines of the text screen in what the debugger printed for SHOW_SCREEN."""
    cells = [chr(int(cell, 16)) for cell in CELL.findall(debugger_output)]
    assert len(cells) == SCREEN_CELLS, f"the debugger shows {len(cells)} cells"
    rows = ["".join(cells[start:start + SCREEN_COLUMNS])
            for start in range(0, SCREEN_CELLS, SCREEN_COLUMNS)]
    return [row.replace("\0", " ").rstrip() for row in rows]
