# SPDX-License-Identifier: Apache-2.0
"""What each command of the table in cli.py does with its parsed arguments."""

import argparse
import sys
from pathlib import Path

from velatool import bench as bench_module, bochs, bochs_run
from velatool import boot, build as build_module, disk as disk_module, guest, hardware
from velatool import image as image_module, loc as loc_module, paths, run as run_module, testrun
from velatool.qemu import Machine
from velatool.ui import NotFound, UsageError, nearest, progress

# Emulators, and how many CPUs their machines have by default: Bochs has one thread for all of them.
EMULATOR_CPUS = {"qemu": 3, "bochs": 1}
CONFIG_VERBS = ("check", "explain", "keys")


def run(arguments: argparse.Namespace) -> int:
    """`vela run`."""
    cpus = EMULATOR_CPUS[arguments.emulator] if arguments.cpus is None else arguments.cpus
    if cpus < 1:
        raise UsageError(f"--cpus {cpus}: a machine has at least one CPU")
    if arguments.memory < 128:
        raise UsageError(f"--memory {arguments.memory}: Vela needs at least 128 MiB")
    if arguments.emulator == "bochs":
        return run_in_bochs(arguments, cpus)
    if arguments.cpu_model is not None:
        raise UsageError("--cpu-model is for Bochs only", "add '--emulator bochs'")
    disks = tuple(hardware.parse_disk(text) for text in arguments.disk)
    devices = hardware.Hardware(disks, tuple(arguments.nic), arguments.iommu)
    machine = Machine(cpus=cpus, memory_mib=arguments.memory, icount=arguments.icount,
                      hardware=devices)
    return run_module.run(arguments.target, machine)


def run_in_bochs(arguments: argparse.Namespace, cpus: int) -> int:
    """`vela run --emulator bochs`."""
    if arguments.icount:
        raise UsageError("--icount is for QEMU only: Bochs always counts instructions")
    if arguments.disk or arguments.nic or arguments.iommu:
        raise UsageError("--disk, --nic and --iommu are for QEMU only")
    machine = bochs.Machine(iso=Path(), model=arguments.cpu_model or bochs.DEFAULT_MODEL, cpus=cpus,
                            memory_mib=arguments.memory, real_time=True, log_errors=False)
    return bochs_run.run(arguments.target, machine)


def image(arguments: argparse.Namespace) -> int:
    """`vela image`."""
    image_module.make(arguments.config, arguments.output)
    return 0


def config(arguments: argparse.Namespace) -> int:
    """`vela config`: the built parser does the work, and names files and places itself."""
    if arguments.verb not in CONFIG_VERBS:
        raise UsageError(f"there is no 'vela config {arguments.verb}'",
                         nearest(arguments.verb, CONFIG_VERBS) or "'./vela help config' helps")
    target = arguments.config or paths.default_config()
    if arguments.verb != "keys" and not target.is_file():
        raise NotFound(f"there is no configuration file {target}")
    build_module.setup()
    build_module.compile_tree()
    if arguments.verb == "check":
        guest.prepare()
    return boot.config_report(arguments.verb, target)


def disk(arguments: argparse.Namespace) -> int:
    """`vela disk`."""
    if arguments.fresh:
        disk_module.DISK.unlink(missing_ok=True)
    print(disk_module.working_copy())
    return 0


def setup(_arguments: argparse.Namespace) -> int:
    """`vela setup`."""
    build_module.setup()
    guest.prepare()
    progress("everything is in place")
    return 0


def build(_arguments: argparse.Namespace) -> int:
    """`vela build`."""
    build_module.everything()
    progress(f"built in {paths.BUILD}")
    return 0


def test(arguments: argparse.Namespace) -> int:
    """`vela test`."""
    return testrun.run(arguments.patterns, arguments.quick, arguments.coverage)


def bench(arguments: argparse.Namespace) -> int:
    """`vela bench`."""
    return bench_module.run(arguments.patterns, arguments.json)


def loc(_arguments: argparse.Namespace) -> int:
    """`vela loc`."""
    sys.stdout.write(loc_module.table() + "\n")
    return 0
