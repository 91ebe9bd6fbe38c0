# SPDX-License-Identifier: Apache-2.0
"""`vela run`: boots a configuration, or a disc image, in QEMU on this terminal."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

from velatool import boot, build, disk, paths, qemu
from velatool.hardware import Disk, Hardware, adapter_address, disk_address
from velatool.ui import NotFound, VelaError, progress

ISO_SUFFIX = ".iso"


def check_target(target: Path) -> None:
    """Refuse a configuration or a disc image that is not there."""
    if not target.is_file():
        raise NotFound(f"there is no file {target}",
                       "name a configuration file or an image made by './vela image'")


def machine_for(target: Path, base: qemu.Machine) -> qemu.Machine:
    """The machine that boots a configuration or a disc image."""
    check_target(target)
    if target.suffix == ISO_SUFFIX:
        return replace(base, iso=target)
    plan = boot.plan(target, qemu.EXIT_ARGUMENT)
    return replace(base, kernel=plan.kernel, modules=plan.modules,
                   hardware=with_defaults(base.hardware, plan.needs))


def with_defaults(hardware: Hardware, needs: boot.Needs) -> Hardware:
    """The hardware that was asked for; without any disk or adapter the first one of a configuration
    that has it at its usual place: the disk of the guest 'debian', and a virtio adapter."""
    disks, adapters = hardware.disks, hardware.adapters
    if not disks and disk_address(0) in needs.storages:
        disks = (Disk(disk.working_copy()),)
    if not adapters and adapter_address(0) in needs.uplinks:
        adapters = ("virtio",)
    return replace(hardware, disks=disks, adapters=adapters)


def end_politely(_signal: int, _frame: FrameType | None) -> None:
    """Turn SIGTERM into an exit that still ends QEMU and removes its files."""
    sys.exit(128 + signal.SIGTERM)


def run_machine(machine: qemu.Machine) -> int:
    """Run QEMU on this terminal until it ends; return its exit status."""
    signal.signal(signal.SIGTERM, end_politely)
    with qemu.stage(machine.modules) as directory:
        try:
            process = subprocess.Popen(qemu.command(machine), cwd=directory)
        except FileNotFoundError:
            raise VelaError(f"{qemu.QEMU} is not installed", "run './vela setup'") from None
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def run(target: Path | None, base: qemu.Machine) -> int:
    """Build, boot and report how it ended: 0 when Vela quit or was switched off."""
    if target is None or target.suffix != ISO_SUFFIX:
        build.everything()
    else:
        build.packages.install_missing()
    target = target or paths.default_config()
    machine, description = qemu.with_best_accelerator(machine_for(target, base))
    progress(f"booting {target.name} on {description}, {1 if machine.icount else machine.cpus} CPUs, "
             f"{machine.memory_mib} MiB")
    status = run_machine(machine)
    if status in (0, qemu.DebugExit.QUIT.status):
        progress(qemu.meaning(status))
        return 0
    raise VelaError(qemu.meaning(status))
