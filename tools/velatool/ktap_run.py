# SPDX-License-Identifier: Apache-2.0
"""Boots a test image in QEMU or Bochs and turns what it reports into TAP for Meson.

Usually the image runs a test root task that prints KTAP on the serial line and ends QEMU. Then the
report must be complete, and the machine must end in the expected way: a missing plan, a panic, a
wrong exit and a timeout are all failures. With --expect-line the machine need not report anything,
but must print a line that matches. Bochs has no exits with a meaning: there a machine that quits resets
itself, and the report alone says whether all is well.

Every other line of the machine is passed on as a TAP comment. Meson takes a test without output as
skipped, so something is always printed.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from velatool import bochs, boot, build, paths, qemu, serial, tap  # noqa: E402
from velatool.ui import VelaError  # noqa: E402

DEFAULT_TICKS = 30_000_000_000
PANIC = re.compile(r"\bPANIC\b")
ENDS = {"quit": qemu.DebugExit.QUIT.status, "failed": qemu.DebugExit.FAILED.status,
        "guest-failed": qemu.DebugExit.GUEST_FAILED.status,
        "panic": qemu.DebugExit.PANIC.status, "off": 0}


def run_machine(arguments: argparse.Namespace, wanted: re.Pattern[str] | None,
                ) -> tuple[serial.Outcome, bool]:
    """Run until the machine ends, time is up, or with --end halt the wanted line has come.

    Also returns whether the wanted line came.
    """
    def is_last(line: str) -> bool:
        return arguments.end == "halt" and wanted is not None and wanted.search(line) is not None

    if arguments.bochs is None:
        outcome = serial.run(machine_from(arguments), arguments.timeout, is_last)
    else:
        with bochs_machine(arguments) as machine:
            outcome = serial.run_bochs(machine, arguments.timeout,
                                       lambda line: is_last(line) or bool(PANIC.search(line)))
    return outcome, wanted is not None and any(map(wanted.search, outcome.lines))


def verdict(outcome: serial.Outcome, expected_status: int | None, timeout: float,
            in_bochs: bool) -> str:
    """What is wrong with how the machine ended; an empty string if nothing is."""
    panic = next((line for line in outcome.lines if PANIC.search(line)), None)
    if panic and expected_status != ENDS["panic"]:
        return panic.strip()
    if expected_status is None:
        return ""
    if outcome.timed_out:
        return f"the machine did not end within {timeout:g} s"
    if outcome.fault:
        return outcome.fault
    if in_bochs:
        return ""
    if outcome.status != expected_status:
        return qemu.meaning(outcome.status or 0)
    return ""


def collect(outcome: serial.Outcome, matched: bool,
            arguments: argparse.Namespace) -> list[tap.Result]:
    """All results of the run, those about the run itself last."""
    collector = tap.Collector()
    for line in outcome.lines:
        if not collector.feed(line):
            print(f"# {line}")
    results: list[tap.Result] = []
    expected = ENDS.get(arguments.end)
    if arguments.expect_line is None:
        results = collector.finish()
        faults = list(dict.fromkeys(collector.faults))
        results.append(tap.Result("the report is complete", not faults, reason="; ".join(faults)))
    else:
        results.append(tap.Result(f"prints a line matching {arguments.expect_line}", matched))
    fault = verdict(outcome, expected, arguments.timeout, arguments.bochs is not None)
    results.append(tap.Result(f"the machine ends by {arguments.end}", not fault, reason=fault))
    if not all(result.ok for result in results):
        for line in outcome.log:
            print(f"# Bochs: {line}")
    return results


def parse_modules(text: str) -> tuple[qemu.Module, ...]:
    """Modules as "FILE ARGUMENTS,FILE ARGUMENTS"; each is known by its file's name."""
    modules = []
    for part in filter(None, text.split(",")):
        file, _, args = part.strip().partition(" ")
        name, _, path = file.rpartition("=")
        modules.append(qemu.Module(name or Path(path).name, Path(path), args.strip()))
    return tuple(modules)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(prog="ktap_run.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    image = result.add_mutually_exclusive_group(required=True)
    image.add_argument("--kernel", type=Path, help="32-bit ELF of the kernel; for Bochs the 64-bit one")
    image.add_argument("--config", type=Path,
                       help="boot this configuration instead; its guest reports, and ends the run "
                            "through its debug-exit port")
    result.add_argument("--bochs", metavar="MODEL",
                        help="boot by GRUB in Bochs, on this model of processor")
    result.add_argument("--ticks", type=int, default=DEFAULT_TICKS, metavar="N",
                        help="instructions after which Bochs gives up (default %(default)s)")
    result.add_argument("--modules", default="", metavar="LIST",
                        help="boot modules: [NAME=]FILE ARGUMENTS,... (the root task first)")
    result.add_argument("--append", default=qemu.EXIT_ARGUMENT, help="kernel command line")
    result.add_argument("--smp", type=int, default=1)
    result.add_argument("--memory", type=int, default=512, metavar="MIB")
    result.add_argument("--cpu", default=qemu.DEFAULT_CPU)
    result.add_argument("--device", action="append", default=[], metavar="DEVICE",
                        help="a device of QEMU's, as for its own option; may be repeated")
    result.add_argument("--timeout", type=float, default=120, metavar="SECONDS")
    result.add_argument("--icount", action="store_true")
    result.add_argument("--end", choices=[*ENDS, "halt"], default="quit",
                        help="how the machine must end (default quit); halt: not at all, the expected "
                             "line ends the run")
    result.add_argument("--expect-line", metavar="REGEX",
                        help="the machine prints no KTAP but a line that matches")
    return result


def machine_from(arguments: argparse.Namespace) -> qemu.Machine:
    """The machine to boot. VELA_PROFILE_DIR asks for a coverage profile from the kernel."""
    profiles = os.environ.get("VELA_PROFILE_DIR")
    profile = Path(profiles) / f"kernel-{os.getpid()}.profraw" if profiles else None
    kernel, modules = arguments.kernel, parse_modules(arguments.modules)
    if arguments.config is not None:
        plan = boot.plan(arguments.config, f"{qemu.EXIT_ARGUMENT} exit-on-guest-exit")
        kernel, modules = plan.kernel, plan.modules
    elif profile and modules:
        modules = (replace(modules[0], args=f"{modules[0].args} write-coverage"),
                   *modules[1:])
    return qemu.Machine(
        kernel=kernel, modules=modules, append=arguments.append,
        cpus=arguments.smp, memory_mib=arguments.memory, cpu=arguments.cpu,
        icount=arguments.icount, debug_output=profile,
        extra=[word for device in arguments.device for word in ("-device", device)])


@contextlib.contextmanager
def bochs_machine(arguments: argparse.Namespace) -> Iterator[bochs.Machine]:
    """The machine to boot in Bochs; its image is there as long as the context."""
    kernel, modules = arguments.kernel, parse_modules(arguments.modules)
    if arguments.config is not None:
        kernel = build.stripped(paths.KERNEL)
        modules = boot.plan(arguments.config, "exit-on-guest-exit").modules
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="bochs-") as directory:
        iso = Path(directory, "test.iso")
        bochs.write_image(iso, kernel, modules)
        yield bochs.Machine(iso, model=arguments.bochs, cpus=arguments.smp,
                            memory_mib=arguments.memory, ticks=arguments.ticks)


def main() -> int:
    """Run one machine and print TAP; 0 when everything was as expected."""
    arguments = parser().parse_args()
    halts = arguments.end == "halt"
    if halts and arguments.expect_line is None:
        parser().error("--end halt needs --expect-line: nothing else would end the run")
    wanted = re.compile(arguments.expect_line) if arguments.expect_line else None
    try:
        outcome, matched = run_machine(arguments, wanted)
        results = collect(outcome, matched, arguments)
    except (VelaError, OSError) as error:
        results = [tap.Result("the machine starts", False, reason=str(error))]
    for number, result in enumerate(results, 1):
        print(tap.line_for(number, result))
        if result.reason and not result.skipped:
            print(f"# {result.reason}")
    print(f"1..{len(results)}")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
