# SPDX-License-Identifier: Apache-2.0
"""The command line: one table of commands, their help, and helpful answers to mistakes."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from velatool import commands
from velatool.hardware import ADAPTER_MODELS, DISK_MODELS, IOMMUS
from velatool.ui import UsageError, VelaError, nearest, report


class Parser(argparse.ArgumentParser):
    """An argument parser that reports mistakes as Vela does."""

    def error(self, message: str) -> NoReturn:
        """Turn argparse's complaint into a usage error."""
        raise UsageError(message, f"'./vela help {self.prog.split()[-1]}' shows how it is used")


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Options about the machine that the emulator makes."""
    parser.add_argument("--emulator", choices=tuple(commands.EMULATOR_CPUS), default="qemu",
                        help="what emulates the machine (default qemu)")
    parser.add_argument("--cpu-model", metavar="MODEL",
                        help="processor model of Bochs (default corei7_skylake_x)")
    parser.add_argument("--cpus", type=int, metavar="N", help="CPUs (default 3, with Bochs 1)")
    parser.add_argument("--memory", type=int, default=2048, metavar="MIB",
                        help="memory in MiB (default 2048)")
    parser.add_argument("--icount", action="store_true",
                        help="QEMU counts instructions: one CPU, repeatable time")


def arguments_run(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela run`."""
    parser.add_argument("target", nargs="?", type=Path, metavar="CONF|ISO",
                        help="configuration or image (default: vela.conf here, else Debian "
                             "on a disk and a small guest)")
    add_machine_options(parser)
    add_hardware_options(parser)


def add_hardware_options(parser: argparse.ArgumentParser) -> None:
    """Options about the disks and networks of QEMU's machine."""
    parser.add_argument("--disk", action="append", default=[], metavar="[MODEL:]FILE",
                        help="a disk with that image, at 00:04.0 and following; models: "
                             f"{', '.join(DISK_MODELS)} (default virtio)")
    parser.add_argument("--nic", action="append", default=[], metavar="MODEL",
                        choices=tuple(ADAPTER_MODELS),
                        help="a network adapter on a user network, at 00:08.0 and following; models: "
                             f"{', '.join(ADAPTER_MODELS)}")
    parser.add_argument("--iommu", choices=tuple(IOMMUS), help="an IOMMU")


def arguments_image(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela image`."""
    parser.add_argument("config", type=Path, metavar="CONF", help="configuration to pack")
    parser.add_argument("-o", "--output", type=Path, default=Path("vela.iso"), metavar="FILE",
                        help="image to write (default vela.iso)")


def arguments_config(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela config`."""
    parser.add_argument("verb", metavar="|".join(commands.CONFIG_VERBS),
                        help="check: report every mistake; explain: print every setting, where it "
                             "comes from, and the capabilities of each VMM")
    parser.add_argument("config", type=Path, nargs="?", metavar="CONF",
                        help="configuration (default: as for run)")


def arguments_test(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela test`."""
    parser.add_argument("--quick", action="store_true", help="only what takes about a minute")
    parser.add_argument("--coverage", action="store_true",
                        help="build for source coverage in build-coverage and print the figures")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN",
                        help="run only tests whose name contains or matches a pattern")


def arguments_bench(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela bench`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("patterns", nargs="*", metavar="FIGURE",
                        help="only figures whose name contains or matches a pattern")


def arguments_disk(parser: argparse.ArgumentParser) -> None:
    """Arguments of `vela disk`."""
    parser.add_argument("--fresh", action="store_true",
                        help="forget everything that guests wrote to the disk")


def no_arguments(_parser: argparse.ArgumentParser) -> None:
    """Arguments of commands that take none."""


@dataclass(frozen=True)
class Command:
    """One command of the tool."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "run": Command("build what is needed and boot in an emulator", arguments_run, commands.run),
    "image": Command("write a bootable ISO image", arguments_image, commands.image),
    "config": Command("check or explain a configuration", arguments_config, commands.config),
    "disk": Command("make the disk of the guest 'debian'", arguments_disk, commands.disk),
    "setup": Command("install and fetch everything a build needs", no_arguments, commands.setup),
    "build": Command("build everything", no_arguments, commands.build),
    "test": Command("run the tests", arguments_test, commands.test),
    "bench": Command("measure, and print the figures", arguments_bench, commands.bench),
    "loc": Command("count code lines per part", no_arguments, commands.loc),
}


def overview() -> str:
    """The text of `vela --help`."""
    lines = ["usage: ./vela COMMAND [ARGUMENTS]", "", "Vela runs unmodified guests on a small "
             "microhypervisor. './vela run' is all it takes to see it.", ""]
    lines += [f"  {name:<10}{command.summary}" for name, command in COMMANDS.items()]
    lines += [f"  {'help':<10}explain a command", "",
              "exit codes: 0 done, 1 failed, 2 wrong usage, 3 a file was not found"]
    return "\n".join(lines)


def parser_for(name: str) -> Parser:
    """The argument parser of a command."""
    parser = Parser(prog=f"vela {name}", description=COMMANDS[name].summary.capitalize() + ".",
                    allow_abbrev=False)
    COMMANDS[name].add_arguments(parser)
    return parser


def find_command(name: str) -> str:
    """The name itself, if there is such a command."""
    if name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'",
                         nearest(name, [*COMMANDS, "help"]) or "'./vela --help' lists them")
    return name


def parse(name: str, words: Sequence[str]) -> argparse.Namespace:
    """Parse a command's arguments; an unknown option is answered with the nearest known one."""
    parser = parser_for(name)
    values, unknown = parser.parse_known_args(words)
    if unknown:
        option = unknown[0].split("=", 1)[0]
        known = [text for action in parser._actions for text in action.option_strings]
        kind = "option" if option.startswith("-") else "argument"
        raise UsageError(f"'vela {name}' has no {kind} '{option}'",
                         nearest(option, known) or f"'./vela help {name}' shows what it takes")
    return values


def show_help(words: Sequence[str]) -> int:
    """`vela help [COMMAND]`."""
    if words:
        parser_for(find_command(words[0])).print_help()
    else:
        print(overview())
    return 0


def dispatch(words: Sequence[str]) -> int:
    """Carry out a command line."""
    if not words:
        print(overview(), file=sys.stderr)
        return UsageError.exit_code
    if words[0] in ("help", "-h", "--help"):
        return show_help(words[1:])
    name = find_command(words[0])
    return COMMANDS[name].run(parse(name, words[1:]))


def main(words: Sequence[str]) -> int:
    """Run the tool and return its exit code."""
    try:
        return dispatch(words)
    except VelaError as error:
        return report(error)
    except KeyboardInterrupt:
        return 130
