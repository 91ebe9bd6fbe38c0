# SPDX-License-Identifier: Apache-2.0
"""`vela run --emulator bochs`: boots a configuration, or a disc image, in Bochs on this terminal.

What is typed goes to the serial line and what comes from it to the terminal, as with QEMU. The run ends
when Vela resets or switches off the machine, or stops it after one of the kernel's last lines.
"""

import contextlib
import os
import re
import select
import signal
import sys
import tempfile
import termios
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from velatool import bochs, boot, build, packages, paths, serial
from velatool.run import ISO_SUFFIX, check_target, end_politely
from velatool.ui import VelaError, progress

# The kernel's panic, or its refusal of a processor; after both it halts for ever.
LAST_LINE = re.compile(r"^(PANIC cpu \d+: .*|Vela needs .*)\n", re.MULTILINE)
STDIN = 0
POLL_SECONDS = 0.5


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    """Keys come one by one, Ctrl-C among them, for as long as the machine runs."""
    if not os.isatty(STDIN):
        yield
        return
    before = termios.tcgetattr(STDIN)
    tty.setraw(STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)


def plain(text: bytes) -> str:
    """Text from the serial line as lines, without control sequences."""
    return "".join(serial.text_line(line) + "\n" for line in text.splitlines())


def attend(machine: bochs.Run) -> str:
    """Join terminal and serial line until the machine ends; returns the kernel's last line if it
    stopped the machine itself."""
    sources = [machine.line, STDIN]
    recent, last = b"", ""
    while True:
        ready = select.select(sources, [], [], POLL_SECONDS)[0]
        if machine.line in ready:
            with contextlib.suppress(ConnectionResetError):
                if data := machine.line.recv(65536):
                    sys.stdout.buffer.write(data)
                    sys.stdout.buffer.flush()
                    recent = (recent + data)[-65536:]
                    continue
            return last
        if STDIN in ready:
            if keys := os.read(STDIN, 1024):
                machine.line.sendall(keys)
            else:
                sources.remove(STDIN)
        elif machine.log.halts and (match := LAST_LINE.search(plain(recent))):
            last = match.group(1)
            machine.end()


def run_machine(machine: bochs.Machine) -> None:
    """Run Bochs on this terminal until it ends."""
    signal.signal(signal.SIGTERM, end_politely)
    with bochs.Run(machine) as started:
        with raw_terminal():
            last = attend(started)
        if last:
            raise VelaError(f"the kernel stopped the machine: {last}")
        if fault := started.fault():
            raise VelaError(fault, "\n".join(started.log_tail()))


def run(target: Path | None, base: bochs.Machine) -> int:
    """Build, boot and report how it ended: 0 when Vela quit, or the machine was reset or switched off."""
    if target is None or target.suffix != ISO_SUFFIX:
        build.everything()
    else:
        packages.install_missing()
    packages.install_missing(packages.BOCHS_PACKAGES)
    bochs.check_model(base.model)
    target = target or paths.default_config(paths.TWO_GUESTS)
    check_target(target)
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="bochs-") as directory:
        iso = target
        if target.suffix != ISO_SUFFIX:
            iso = Path(directory, "vela.iso")
            bochs.write_image(iso, build.stripped(paths.KERNEL), boot.plan(target).modules)
        progress(f"booting {target.name} on Bochs, processor {base.model}, {base.cpus} "
                 f"CPU{'s' * (base.cpus > 1)}, {base.memory_mib} MiB")
        run_machine(replace(base, iso=iso))
    progress("Vela ended and reset the machine, or it was switched off")
    return 0
