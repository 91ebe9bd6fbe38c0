# SPDX-License-Identifier: Apache-2.0
"""QEMU: how Vela's machine is described to it, and what its exit codes mean.

The machine has no default devices. Its serial line is a pipe or the terminal, and a debug-exit
device lets the kernel and the root task end QEMU with a code of their own.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from velatool import kvm, paths
from velatool.hardware import Hardware, arguments as hardware_arguments
from velatool.ui import VelaError

QEMU = "qemu-system-x86_64"
EXIT_PORT = 0xF4
EXIT_ARGUMENT = f"qemu-exit={EXIT_PORT:#x}"
DEFAULT_CPU = "max,la57=off"
# ".." in a module's name must not lead out of the staging directory.
STAGE_DEPTH = 8


class DebugExit(IntEnum):
    """Values that Vela writes to the debug-exit port; QEMU then ends with 2 * value + 1."""

    QUIT = 0x10
    FAILED = 0x11
    GUEST_FAILED = 0x12
    PANIC = 0x20

    @property
    def status(self) -> int:
        """QEMU's exit status for this value."""
        return 2 * self.value + 1


EXIT_MEANING = {
    0: "the machine was switched off or reset",
    1: "QEMU could not start the machine",
    DebugExit.QUIT.status: "Vela quit",
    DebugExit.FAILED.status: "the root task gave up; its last line says why",
    DebugExit.GUEST_FAILED.status: "a guest ended the run with an error",
    DebugExit.PANIC.status: "the kernel panicked; its PANIC line says where",
}


def meaning(status: int) -> str:
    """What an exit status of QEMU says about the run."""
    if status < 0:
        return f"QEMU was ended by signal {-status}"
    return EXIT_MEANING.get(status, f"QEMU ended with the unknown status {status}")


@dataclass(frozen=True)
class Module:
    """A boot module: the name by which Vela knows it, its file, and its arguments."""

    name: str
    path: Path
    args: str = ""

    @property
    def command_line(self) -> str:
        """What the machine gets to see: the name is the first word."""
        return f"{self.name} {self.args}".rstrip()


@dataclass(frozen=True)
class Machine:
    """A machine for QEMU: either a kernel with modules, or a disc image."""

    kernel: Path | None = None
    modules: Sequence[Module] = field(default_factory=tuple)
    iso: Path | None = None
    usb: bool = False  # the image is on a stick instead of a disc
    append: str = EXIT_ARGUMENT
    cpus: int = 3
    memory_mib: int = 2048
    cpu: str = DEFAULT_CPU
    accel: str = "tcg"
    icount: bool = False
    hardware: Hardware = Hardware()
    debug_output: Path | None = None
    extra: Sequence[str] = field(default_factory=tuple)


def with_best_accelerator(machine: Machine) -> tuple[Machine, str]:
    """The machine on the host's KVM where that can run Vela, and a line that says which it is."""
    if machine.icount or not kvm.usable():
        return machine, "QEMU software emulation (the host's KVM offers guests neither SVM nor VMX)"
    return replace(machine, accel="kvm", cpu="host"), "QEMU on the host's KVM with nested virtualisation"


def accelerator_arguments(machine: Machine) -> list[str]:
    """Accelerator and CPU; instruction counting makes time and randomness repeatable too."""
    arguments = ["-accel", machine.accel, "-cpu", machine.cpu]
    if machine.icount:
        arguments += ["-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm",
                      "-seed", "1", "-smp", "1"]
    else:
        arguments += ["-smp", str(machine.cpus)]
    return arguments


def boot_arguments(machine: Machine) -> list[str]:
    """What to boot. Module files are named as Vela knows them; see stage()."""
    if machine.iso is not None:
        file = str(machine.iso.absolute()).replace(",", ",,")
        if machine.usb:
            return ["-drive", f"file={file},format=raw,readonly=on,if=none,id=stick",
                    "-device", "qemu-xhci", "-device", "usb-storage,drive=stick"]
        return ["-boot", "d", "-drive", f"file={file},format=raw,media=cdrom"]
    if machine.kernel is None:
        raise VelaError("a machine needs a kernel or a disc image")
    arguments = ["-kernel", str(machine.kernel.absolute()), "-append", machine.append]
    if machine.modules:
        lines = [module.command_line.replace(",", ",,") for module in machine.modules]
        arguments += ["-initrd", ",".join(lines)]
    return arguments


def command(machine: Machine, backend: str = "stdio", options: str = "signal=off") -> list[str]:
    """The whole QEMU command; it must run in the directory that stage() made."""
    arguments = [
        QEMU, "-M", "q35", "-m", str(machine.memory_mib), *accelerator_arguments(machine),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-chardev", f"{backend},id=serial0,{options}", "-serial", "chardev:serial0",
        "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4",
        *boot_arguments(machine), *hardware_arguments(machine.hardware), *machine.extra,
    ]
    if machine.debug_output is not None:
        arguments += ["-debugcon", f"file:{machine.debug_output.absolute()}"]
    return arguments


def check_module(module: Module) -> None:
    """Refuse a module that QEMU or the boot protocol could not carry."""
    if not module.path.is_file():
        raise VelaError(f"the boot module {module.name} has no file: {module.path}")
    if any(character.isspace() for character in module.name):
        raise VelaError(f"the boot module name '{module.name}' contains white space")


@contextlib.contextmanager
def stage(modules: Sequence[Module]) -> Iterator[Path]:
    """A directory in which every module is found under its own name.

    QEMU passes the file name it opens as the first word of the module's command line, so the names
    have to be real ones for as long as QEMU starts.
    """
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="boot-") as name:
        directory = Path(name).joinpath(*(["d"] * STAGE_DEPTH))
        directory.mkdir(parents=True)
        for module in modules:
            check_module(module)
            if module.name.startswith("/"):
                continue
            link = Path(os.path.normpath(directory / module.name))
            if not link.is_relative_to(name):
                raise VelaError(f"the boot module name '{module.name}' has too many '..'")
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(module.path.absolute())
        yield directory
