# SPDX-License-Identifier: Apache-2.0
"""Configures and compiles the build tree, and strips what goes into boot images."""

import os
import re
import subprocess
from pathlib import Path

from velatool import guest, packages, paths, sources
from velatool.process import run, tail
from velatool.ui import VelaError, progress

# Ninja's line per finished step.
STEP = re.compile(r"\[\d+/\d+\] ")


def setup() -> None:
    """Everything a build needs from outside the tree; quick when it is all there."""
    packages.install_missing()
    sources.fetch_sources()


def configure(directory: Path, options: tuple[str, ...] = ()) -> None:
    """Create a build directory unless it is there; Ninja keeps it up to date afterwards."""
    if (directory / "build.ninja").is_file():
        return
    progress(f"configuring {directory}")
    run(["meson", "setup", directory, paths.ROOT, "--cross-file", paths.CROSS_FILE,
         "--native-file", paths.NATIVE_FILE, *options],
        "configure the build", hint=f"the full log is {directory}/meson-logs/meson-log.txt")


def is_up_to_date(directory: Path) -> bool:
    """Whether Ninja finds nothing to do."""
    done = subprocess.run(["ninja", "-C", str(directory), "-n"], capture_output=True, text=True,
                          check=False)
    return done.returncode == 0 and "no work to do" in done.stdout


def compile_tree(directory: Path = paths.BUILD, options: tuple[str, ...] = ()) -> None:
    """Bring a build directory up to date; the compiler's messages are shown when it fails."""
    configure(directory, options)
    if is_up_to_date(directory):
        return
    progress(f"building in {directory}")
    done = subprocess.run(["ninja", "-C", str(directory)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    if done.returncode != 0:
        raise VelaError("the build failed", tail(messages(done.stdout), 40))


def messages(output: str) -> str:
    """What Ninja's output says besides progress; of a failed configuration, from its error on."""
    lines = [line for line in output.splitlines() if not STEP.match(line)]
    errors = [number for number, line in enumerate(lines) if "ERROR: " in line]
    return "\n".join(lines[errors[0]:] if errors else lines)


def everything() -> None:
    """Set up, fetch the stock guest, and build."""
    setup()
    guest.prepare()
    compile_tree()


def stripped(binary: Path) -> Path:
    """A copy of a program without symbols and debug information, for the boot image."""
    if not binary.is_file():
        raise VelaError(f"the build made no {binary.relative_to(paths.BUILD)}",
                        "run './vela build' and read its messages")
    copy = paths.BUILD / "image" / binary.name
    if not copy.is_file() or copy.stat().st_mtime_ns < binary.stat().st_mtime_ns:
        copy.parent.mkdir(exist_ok=True)
        # Tests that run side by side may all be the first to want it.
        partial = copy.with_name(f"{copy.name}.{os.getpid()}.part")
        run(["llvm-strip-19", "-o", partial, binary], f"strip {binary.name}")
        partial.replace(copy)
    return copy
