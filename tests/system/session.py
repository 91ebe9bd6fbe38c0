# SPDX-License-Identifier: Apache-2.0
"""Vela's console as a test uses it: show a guest, run a command in its shell, read the system log.

Relies on the texts of the console service (docs/console.md) and on the stock guest's prompt, which
is its name. Every command carries a number of its own, so that scrollback shown again is never
taken for an answer.
"""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import Terminal, boot_config
from velatool import paths
from velatool.hardware import Hardware
from velatool.qemu import DebugExit

ESCAPE = "\x1d"
# Slow hosts: a boot under software emulation on two CPUs that others use too.
BOOT = 150
COMMAND = 90

# What the console says of an end by its key, by what it asked for that.
KILLED = {"service": "was killed", "VMM of": "stopped: its VMM was killed"}

SOLO = """\
vm solo {
	memory 128M
	boot linux {
		kernel "debian/vmlinuz"
		initrd "debian/initramfs"
		args "console=ttyS0 quiet cryptomgr.notests vela.name=solo"
	}
}
"""

# Works on one sum until /tmp/stop is there: each round hashes the last result with its number.
SUM_LOOP = ("s=vela; i=0; while [ ! -e /tmp/stop ]; do s=$(echo $s $i | sha256sum); s=${s%% *}; "
            "i=$((i+1)); echo $i $s >/tmp/sum.new; mv /tmp/sum.new /tmp/sum; done")


def sum_after(rounds: int) -> str:
    """What SUM_LOOP has after some rounds."""
    text = "vela"
    for number in range(rounds):
        text = hashlib.sha256(f"{text} {number}\n".encode()).hexdigest()
    return text


class Session:
    """A person in front of Vela's console. The guests are numbered from 1, as in the configuration."""

    def __init__(self, terminal: Terminal, guests: Sequence[str]) -> None:
        self.terminal = terminal
        self.guests = list(guests)
        self.shown = 1
        self.commands = 0

    def keys(self, keys: str) -> None:
        """Press the escape key, then keys."""
        self.terminal.send(ESCAPE + keys)

    def expect_header(self, number: int) -> str:
        """Wait for the header line of a console; returns what it says about an ended guest."""
        name = self.guests[number - 1] if number else "system log"
        self.shown = number
        return self.terminal.expect(rf"^--- {number}: {name}(.*) --- Ctrl-\] h: help ---$").group(1)

    def show(self, number: int) -> str:
        """Show the console of a guest, or the system log as 0."""
        self.keys(str(number))
        return self.expect_header(number)

    def expect_shell(self, number: int) -> None:
        """Wait until the shown guest has booted from its start to its shell."""
        name = self.guests[number - 1]
        self.terminal.expect(rf"^VELA-GUEST-READY {name}$", BOOT)
        self.terminal.expect(f"{name}# ", COMMAND)

    def command(self, number: int, text: str, timeout: float = COMMAND) -> str:
        """Run a command in a guest's shell, which must succeed; returns its output."""
        if self.shown != number:
            self.show(number)
        self.commands += 1
        n = self.commands
        # What is typed is echoed: it must not look like what it prints.
        self.terminal.line(f"echo \"<$(({n}))>\"; {text}; echo \"<$(({n}))=$?>\"")
        answer = self.terminal.expect(rf"^<{n}>\n((?:.*\n)*?)<{n}=(\d+)>$", timeout)
        if answer.group(2) != "0":
            self.terminal.fail(f"'{text}' ended with {answer.group(2)} in {self.guests[number - 1]}")
        return answer.group(1)

    def kill(self, number: int, what: str, verdict: str) -> None:
        """Kill what a console belongs to by its key, and wait for what that console says of its end.

        The prompt shows where scrollback, which may tell of an earlier end, is over.
        """
        if self.shown != number:
            self.show(number)
        self.keys("k")
        self.terminal.expect(rf"^\[vela: kill the {what} {self.guests[number - 1]}\? "
                             r"y kills, any other key does not\]$")
        self.terminal.send("y")
        self.terminal.expect(rf"^\[vela: {KILLED[what]}{verdict}\]$")

    def expect_all(self, patterns: Sequence[str], timeout: float = COMMAND) -> list[re.Match[str]]:
        """Wait for several texts in any order, and continue after the last of them."""
        start = end = self.terminal.position
        matches = []
        for pattern in patterns:
            self.terminal.position = start
            matches.append(self.terminal.expect(pattern, timeout))
            end = max(end, self.terminal.position)
        self.terminal.position = end
        return matches

    def start_sum(self, number: int) -> None:
        """Begin the endless sum in a guest."""
        self.command(number, f"rm -f /tmp/stop; ({SUM_LOOP}) & true")

    def stop_sum(self, number: int) -> int:
        """End the sum and check it; returns its rounds."""
        rounds, value = self.command(number, "touch /tmp/stop; wait; cat /tmp/sum").split()[-2:]
        if value != sum_after(int(rounds)):
            self.terminal.fail(f"the sum after {rounds} rounds is wrong: {value}")
        return int(rounds)

    def quit(self) -> None:
        """End Vela by its key; QEMU must end as docs/commands.md says."""
        self.keys("q")
        self.terminal.expect(r"^\[vela: ending\]$")
        status = self.terminal.wait_end()
        if status != DebugExit.QUIT.status:
            self.terminal.fail(f"QEMU ended with {status}")


def boot(config: Path, guests: Sequence[str], *, cpus: int = 3, memory_mib: int = 2048,
         hardware: Hardware = Hardware(), extra: Sequence[str] = ()) -> Session:
    """Boot a configuration; the console shows the first guest as soon as Vela runs."""
    terminal = boot_config(config, cpus=cpus, memory_mib=memory_mib, hardware=hardware, extra=extra)
    session = Session(terminal, guests)
    try:
        terminal.expect(r"^Vela: .* on QEMU, software emulation$")
        session.expect_header(1)
    except BaseException:
        terminal.close()
        raise
    return session


@contextlib.contextmanager
def run_solo(*arguments: str) -> Iterator[Session]:
    """`./vela run` with these arguments, in a directory whose vela.conf has one guest, solo."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "vela.conf").write_text(SOLO)
        with Terminal([str(paths.ROOT / "vela"), "run", *arguments], cwd=Path(name),
                      env=dict(os.environ)) as terminal:
            yield Session(terminal, ["solo"])
