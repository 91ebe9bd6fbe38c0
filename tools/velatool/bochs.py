# SPDX-License-Identifier: Apache-2.0
"""Bochs: how a machine is described to it, and how it is seen to end.

Bochs boots a disc image; the serial line is a connection on the loopback interface. It has no
debug-exit device: Vela ends by resetting the machine, which Bochs says in its log, and then Bochs is
killed. Time is counted in instructions, so without input from outside two runs are the same. The
build of Debian starts in its debugger, which gets its commands from a file.
"""

import collections
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from velatool import image, paths
from velatool.process import tail
from velatool.qemu import Module
from velatool.ui import UsageError, VelaError, nearest

PROGRAM = "bochs-bin"
DEFAULT_MODEL = "corei7_skylake_x"
# Emulated instructions per second of emulated time; not the speed.
INSTRUCTIONS_PER_SECOND = 50_000_000
START_SECONDS = 60
LOG_INTERVAL = 0.1
LOG_TAIL_LINES = 30
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

RESET = b"Reset(HARDWARE) called"
HALTED = b"HLT instruction with IF=0"
# Lines that say nothing about a failure, and there are many.
NOISE = re.compile(rb"\[PLUGIN\]|SVM VMEXIT: I/O port")
# What Bochs says when it ends itself, on the line after this one.
LAST_WORDS = re.compile(r"exiting with the following message:\n\[[^]]*\] *(.*)")
SWITCHED_OFF = ("Shutdown port: shutdown requested", "ACPI control: soft power off")
TICKS_OVER = "Caught time breakpoint"

# ignore_bad_msrs: Linux reads registers that these models lack. The sound devices would open files.
SETTINGS = """\
config_interface: textconfig
display_library: term
romimage: file=$BXSHARE/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
megs: {memory_mib}
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync={sync}, time0=946681200
boot: cdrom
ata0-master: type=cdrom, path="{iso}", status=inserted
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
log: bochs.log
panic: action=fatal
error: action={errors}
info: action=report
debug: action=ignore
"""


@dataclass(frozen=True)
class Machine:
    """A machine for Bochs.

    With real_time its clock does not run ahead of the host's. The log names failed checks of VM entries
    among other things that it takes for errors, with SVM every access to a port.
    """

    iso: Path
    model: str = DEFAULT_MODEL
    cpus: int = 1
    memory_mib: int = 768
    ticks: int = 0  # instructions until Bochs ends the run; 0: never
    real_time: bool = False
    log_errors: bool = True
    last_command: str = ""  # for the debugger, when the run was ended by ticks or interrupt()


def settings(machine: Machine, port: int) -> str:
    """Bochs's configuration file."""
    return SETTINGS.format(
        memory_mib=machine.memory_mib, model=machine.model, cpus=machine.cpus,
        ips=INSTRUCTIONS_PER_SECOND, sync="slowdown" if machine.real_time else "none",
        iso=machine.iso.absolute(), port=port, errors="report" if machine.log_errors else "ignore")


def debugger_commands(machine: Machine) -> str:
    """What the debugger does: run, and whatever stops the run, end."""
    watchdog = [f"sb {machine.ticks}"] if machine.ticks else []
    return "\n".join([*watchdog, "c", *filter(None, [machine.last_command]), "q", ""])


def models() -> list[str]:
    """The processor models that Bochs has."""
    listing = subprocess.run([PROGRAM, "--help", "cpu"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [line for line in listing.stdout.splitlines() if re.fullmatch(r"[a-z]\w+", line)]


def check_model(model: str) -> None:
    """Refuse a processor model that Bochs does not have."""
    known = models()
    if model not in known:
        raise UsageError(f"Bochs has no processor model '{model}'",
                         nearest(model, known) or "it has " + ", ".join(known))


def write_image(output: Path, kernel: Path, modules: tuple[Module, ...]) -> None:
    """A disc image for Bochs."""
    image.write(output, kernel, modules, image.grub_script(modules, detect_qemu=False))


def die_with_parent() -> None:
    """Have the host kernel kill this process when its parent ends in whatever way."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Log:
    """Bochs's log, read as it grows; lines are the last ones before a reset."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resets = 0
        self.halts = 0  # with interrupts off, by the host or a guest
        self.lines: collections.deque[str] = collections.deque(maxlen=LOG_TAIL_LINES)
        self._position = 0
        self._lock = threading.Lock()

    def read(self) -> None:
        """Take in the whole lines that are new."""
        with self._lock, open(self.path, "rb") as file:
            file.seek(self._position)
            new = file.read()
            new = new[:new.rfind(b"\n") + 1]
            self._position += len(new)
            self.halts += new.count(HALTED)
            for line in new.splitlines():
                self.resets += RESET in line
                if self.resets < 2 and not NOISE.search(line):
                    self.lines.append(line.decode(errors="replace"))


class Run:
    """One run of a machine. Use it as a context manager: leaving it ends Bochs.

    line is the serial line, a connected socket. It ends when the machine does.
    """

    line: socket.socket
    log: Log
    process: subprocess.Popen[bytes]

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._stack = contextlib.ExitStack()
        self._ended = threading.Event()

    def __enter__(self) -> "Run":
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.directory = Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="bochs-")))
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        self.log = Log(self.directory / "bochs.log")
        self.log.path.touch()
        (self.directory / "rc").write_text(settings(self.machine, listener.getsockname()[1]))
        (self.directory / "commands").write_text(debugger_commands(self.machine))
        with open(self.directory / "out", "wb") as out, open(self.directory / "err", "wb") as err:
            try:
                self.process = subprocess.Popen(
                    [PROGRAM, "-q", "-f", "rc", "-rc", "commands"], cwd=self.directory,
                    env={**os.environ, "TERM": "dumb"}, stdin=subprocess.DEVNULL, stdout=out,
                    stderr=err, start_new_session=True, preexec_fn=die_with_parent)
            except FileNotFoundError:
                raise VelaError("Bochs is not installed",
                                "run './vela run --emulator bochs' once as root") from None
        self._stack.callback(self.end)
        self.line = self._stack.enter_context(self._connection(listener))
        watch = threading.Thread(target=self._watch, daemon=True)
        self._stack.callback(watch.join)
        self._stack.callback(self._ended.set)
        watch.start()

    def _connection(self, listener: socket.socket) -> socket.socket:
        listener.settimeout(1)
        for _ in range(START_SECONDS):
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
            if self.process.poll() is not None:
                break
        raise VelaError("Bochs could not start the machine", tail(self.text("err"), 5))

    def _watch(self) -> None:
        """Kill Bochs when its log says that the machine was reset: after the time at power-on."""
        while not self._ended.wait(LOG_INTERVAL):
            self.log.read()
            if self.log.resets > 1:
                self.process.kill()
                return

    def text(self, name: str) -> str:
        """What Bochs has written into one of its files."""
        return (self.directory / name).read_text(errors="replace")

    def interrupt(self) -> None:
        """Stop in the debugger, even if all CPUs are halted; the machine's last command is done."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """End Bochs; one that waits for an interrupt heeds no other signal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def log_tail(self) -> list[str]:
        """The last lines of Bochs's log; they name the check that a VM entry failed."""
        self.log.read()
        return list(self.log.lines)

    def fault(self) -> str:
        """Why the run ended, once it has; an empty string if the machine was reset or switched off."""
        self.process.wait()
        self.log.read()
        if self.log.resets > 1:  # Bochs may have ended since, by itself
            return ""
        if TICKS_OVER in self.text("out"):
            return f"the machine did not end within {self.machine.ticks:,} instructions"
        words = LAST_WORDS.search(self.text("err"))
        if words is None:
            return f"Bochs ended with {self.process.returncode}"
        return "" if words.group(1).startswith(SWITCHED_OFF) else f"Bochs gave up: {words.group(1)}"
