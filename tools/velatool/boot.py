# SPDX-License-Identifier: Apache-2.0
"""What is booted for a configuration: the kernel, then as modules the root task, the configuration
and the files it includes, the service and monitor programs, and the guests' files.

The root task finds a module by the first word of its command line: a program by its name, the
configuration as vela.conf, every other file as the configuration spells it.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from velatool import build, paths
from velatool.qemu import Module
from velatool.ui import NotFound, VelaError

CONFIG_NAME = "vela.conf"
PROGRAMS = (paths.CONSOLE, paths.VMM)
SERVICES = {program.name: program for program in (paths.BLOCK, paths.NET)}


@dataclass(frozen=True)
class Needs:
    """What a configuration needs: service programs; the files it names, each once, with where they
    lie; and the PCI addresses of its storages and uplinks."""

    programs: tuple[Path, ...]
    files: tuple[Module, ...]
    storages: tuple[str, ...]
    uplinks: tuple[str, ...]


@dataclass(frozen=True)
class BootPlan:
    """The files of one boot, in order; the root task is module 0."""

    kernel: Path
    modules: tuple[Module, ...]
    needs: Needs


def config_command(verb: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run the configuration tool, which is built from the root task's own parser."""
    if not config.is_file():
        raise NotFound(f"there is no configuration file {config}")
    if not paths.CONFIG_TOOL.is_file():
        raise VelaError("the configuration tool is not built", "run './vela build'")
    return subprocess.run([str(paths.CONFIG_TOOL), verb, str(config)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", check=False)


def needs(config: Path) -> Needs:
    """What a configuration needs, as the configuration tool lists it.

    Mistakes that refuse only some of its VMs are printed, and what remains is booted.
    """
    done = config_command("modules", config)
    if done.returncode != 0:
        raise VelaError(f"{config} is not usable", done.stderr.rstrip() or done.stdout.rstrip())
    sys.stderr.write(done.stderr)
    lines = [line.split("\t", 1) for line in done.stdout.splitlines()]

    def names(*kinds: str) -> list[str]:
        return list(dict.fromkeys(name for kind, name in lines if kind in kinds))

    files = tuple(Module(name, locate(config, name)) for name in names("include", "file"))
    programs = tuple(SERVICES[name] for name in names("program"))
    return Needs(programs, files, tuple(names("storage")), tuple(names("uplink")))


def locate(config: Path, name: str) -> Path:
    """The file behind a name: beside the configuration, else among the stock guest's files."""
    candidates = [config.parent / name, paths.GUEST_STORE / name]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise NotFound(f"{config} names the file '{name}', which is neither beside it nor a stock "
                   "guest's file", "looked for " + " and ".join(map(str, candidates)))


def config_report(verb: str, config: Path) -> int:
    """Pass on what the configuration tool says; a good configuration's files must exist too."""
    words = [str(paths.CONFIG_TOOL), verb, *([] if verb == "keys" else [str(config)])]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode == 0 and verb == "check":
        needs(config)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    return min(done.returncode, 1)


def plan(config: Path, root_arguments: str = "") -> BootPlan:
    """The boot of a configuration."""
    wanted = needs(config)
    modules = [
        Module(paths.ROOTTASK.name, build.stripped(paths.ROOTTASK), root_arguments),
        Module(CONFIG_NAME, config),
        *(Module(program.name, build.stripped(program)) for program in (*PROGRAMS, *wanted.programs)),
    ]
    taken = {module.name for module in modules}
    for module in wanted.files:
        if module.name in taken:
            raise VelaError(f"{config} names a file '{module.name}', which is the name of one of "
                            "Vela's own boot modules", "rename the file")
    return BootPlan(build.stripped(paths.KERNEL32), (*modules, *wanted.files), wanted)
