# SPDX-License-Identifier: Apache-2.0
"""Machines on a terminal: Vela from a configuration or an image, and Linux without Vela.

Tests always use software emulation, so that they see the same machine everywhere.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from harness.terminal import Terminal
from velatool import boot, guest, qemu
from velatool.hardware import Hardware


def start(machine: qemu.Machine) -> Terminal:
    """A machine with its serial line on a new terminal."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(qemu.stage(machine.modules))
        terminal = Terminal(qemu.command(machine), cwd=directory)
        terminal.on_close(stack.pop_all().close)
    return terminal


def boot_config(config: Path, *, cpus: int = 3, memory_mib: int = 2048,
                cpu: str = qemu.DEFAULT_CPU, root_arguments: str = "",
                hardware: Hardware = Hardware(), extra: Sequence[str] = ()) -> Terminal:
    """Boot Vela with a configuration, and with more arguments of QEMU's; the tree must be built."""
    plan = boot.plan(config, f"{qemu.EXIT_ARGUMENT} {root_arguments}".rstrip())
    return start(qemu.Machine(kernel=plan.kernel, modules=plan.modules, cpus=cpus,
                              memory_mib=memory_mib, cpu=cpu, hardware=hardware, extra=extra))


def boot_iso(image: Path, *, usb: bool = False, cpus: int = 3, memory_mib: int = 2048) -> Terminal:
    """Boot a disc image, from a disc or from a USB stick."""
    return start(qemu.Machine(iso=image, usb=usb, cpus=cpus, memory_mib=memory_mib))


def boot_linux(command_line: str, *, memory_mib: int = 256) -> Terminal:
    """Boot the stock guest directly on the emulator: the yardstick for what Vela's guests do."""
    machine = qemu.Machine(
        kernel=guest.KERNEL, append=command_line, cpus=1, memory_mib=memory_mib,
        extra=("-initrd", str(guest.INITRAMFS)))
    return start(machine)
