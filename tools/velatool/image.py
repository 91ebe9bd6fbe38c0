# SPDX-License-Identifier: Apache-2.0
"""`vela image`: a hybrid ISO that boots a configuration by BIOS from a disc or a USB stick.

GRUB loads the kernel by multiboot2. It gets only the modules it needs, no menu, and a fixed date, so
that the same input gives the same image. Under QEMU, which it recognises by SMBIOS, it tells the
root task of the debug-exit port, as `vela run` does for a configuration.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from velatool import boot, build, paths
from velatool.process import run
from velatool.qemu import EXIT_ARGUMENT, Module
from velatool.ui import human_bytes, progress

GRUB_PLATFORM = Path("/usr/lib/grub/i386-pc")
GRUB_MODULES = "multiboot2 normal configfile iso9660 part_msdos serial terminal smbios test echo"
FIXED_DATE = "2025010100000000"
FIXED_EPOCH = "1735689600"


def quote(word: str) -> str:
    """A word as GRUB's script language takes it literally."""
    return "'" + word.replace("'", "'\\''") + "'"


def module_line(number: int, module: Module, suffix: str = "") -> str:
    """GRUB's line for a module."""
    words = [quote(word) for word in module.command_line.split()]
    return f"module2 /boot/{number:02d} {' '.join(words)}{suffix}"


def grub_script(modules: Sequence[Module], detect_qemu: bool = True) -> str:
    """The script that boots the kernel with modules, without asking."""
    lines = [
        "serial --unit=0 --speed=115200",
        "terminal_input console serial",
        "terminal_output console serial",
        "set quit=",
    ]
    if detect_qemu:
        lines += ["smbios --type 1 --get-string 4 --set=maker",
                  f'if [ "$maker" = QEMU ]; then set quit={EXIT_ARGUMENT}; fi']
    lines += [
        "multiboot2 /boot/kernel $quit",
        *(module_line(number, module, " $quit" if number == 0 else "")
          for number, module in enumerate(modules)),
        "boot",
    ]
    return "\n".join(lines) + "\n"


def fill(directory: Path, kernel: Path, modules: Sequence[Module], script: str) -> None:
    """Lay out the files of the image."""
    target = directory / "boot"
    (target / "grub").mkdir(parents=True)
    shutil.copyfile(kernel, target / "kernel")
    for number, module in enumerate(modules):
        shutil.copyfile(module.path, target / f"{number:02d}")
    (target / "grub" / "grub.cfg").write_text(script)
    for path in sorted(directory.rglob("*"), reverse=True):
        os.utime(path, (int(FIXED_EPOCH), int(FIXED_EPOCH)))


def write(output: Path, kernel: Path, modules: Sequence[Module], script: str) -> None:
    """Write the image that boots a kernel, an ELF64 file, by a GRUB script."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": FIXED_EPOCH}
    partial = output.with_name(output.name + ".part")
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="iso-") as name:
        fill(Path(name), kernel, modules, script)
        run(["grub-mkrescue", "-d", GRUB_PLATFORM, "--install-modules=" + GRUB_MODULES,
             "--modules=" + GRUB_MODULES, "--fonts=", "--themes=", "--locales=", "-o", partial,
             name, "--", "-volid", "VELA", "-volume_date", "all_file_dates", f"={FIXED_EPOCH}",
             "-volume_date", "uuid", FIXED_DATE],
            "make the boot image", env=environment)
    partial.replace(output)


def make(config: Path, output: Path) -> None:
    """Build Vela and write the image of a configuration."""
    build.everything()
    modules = boot.plan(config).modules
    write(output, build.stripped(paths.KERNEL), modules, grub_script(modules))
    progress(f"wrote {output}, {human_bytes(output.stat().st_size)}")
