# SPDX-License-Identifier: Apache-2.0
"""What each command of the table in cli.py does with its parsed arguments."""

import argparse
import sys

from velatool import bench as bench_module
from velatool import boot, build as build_module, guest, image as image_module, loc as loc_module
from velatool import paths, run as run_module, testrun
from velatool.qemu import Machine
from velatool.ui import NotFound, UsageError, nearest, progress

CONFIG_VERBS = ("check", "explain", "keys")


def run(arguments: argparse.Namespace) -> int:
    """`vela run`."""
    if arguments.cpus < 1:
        raise UsageError(f"--cpus {arguments.cpus}: a machine has at least one CPU")
    if arguments.memory < 128:
        raise UsageError(f"--memory {arguments.memory}: Vela needs at least 128 MiB")
    machine = Machine(cpus=arguments.cpus, memory_mib=arguments.memory, icount=arguments.icount)
    return run_module.run(arguments.target, machine)


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
