# SPDX-License-Identifier: Apache-2.0
"""The phases of a guest's work under Vela, as ratios to the same work on the emulator without Vela.

One payload runs in both: Debian's cloud kernel as an uncompressed ELF, and an initramfs of busybox, a
compiler and tests/bench/payload.c. The processor is one that QEMU's other users know well, too:
without REP MOVSB being fast, whose turns the instruction counter would count one by one.
"""

import re
import struct
import tempfile
from dataclasses import replace
from pathlib import Path

from velatool import boot, cpio, guest, packages, paths, qemu, serial
from velatool.bench_boot import least_cpu_seconds
from velatool.process import run as run_program
from velatool.ui import VelaError

PHASES = tuple(f"phase_{name}" for name in (
    "cpu", "syscall", "fork", "forkexec", "pagefault", "mprotect", "pipe_rtt", "memcpy", "randread",
    "work", "work_timer", "sleep", "dd", "sha256", "sh_loop", "sh_fork", "gzip", "compile"))
TIMES = ("timer_tick", "sleep_overshoot")
KEYS = (*PHASES, *TIMES, "timer_tick_native", "payload_boot", "payload_boot_native")
CPU_KEYS = ("payload_boot_cpu_ratio",)
BENCH_PACKAGES = ("musl-dev", "lz4")
CPU = "EPYC,-monitor"
LINE = "console=ttyS0 quiet reboot=t panic=-1 mitigations=off tsc=reliable"
DIRECTORY = paths.BUILD / "bench"
SOURCES = paths.ROOT / "tests" / "bench"
TCC = guest.STORE / "tcc"
MUSL = Path("/usr/lib/x86_64-linux-musl")
HOST_LIBRARIES = ("lib64/ld-linux-x86-64.so.2",
                  *(f"lib/x86_64-linux-gnu/lib{name}.so.{version}"
                    for name, version in (("c", 6), ("m", 6), ("dl", 2), ("pthread", 0))))
FUNCTIONS = 1500
FIGURE = re.compile(r"@@ (\w+) (\d+)\s*$")
STARTED = re.compile(r"\[ *(\d+)\.(\d\d\d)\] root: bench: started on CPU")
MARKER = "@@ payload_marker "
END = "@@ payload_end "
SHOW_LOG = b"\x1d0"
TIMEOUT = 600

CONFIG = """\
vm bench {{
	memory 256M
	boot pvh {{
		kernel "vmlinux"
		initrd "payload.cpio"
		args "{line}"
	}}
}}
"""


def kernel_image() -> Path:
    """The kernel as an ELF: QEMU and Vela start it at once, it need not unpack itself.

    Documentation/arch/x86/boot.rst of the kernel's source says where it lies in the bzImage.
    """
    image = guest.KERNEL.read_bytes()
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    target = DIRECTORY / "vmlinux"
    with tempfile.TemporaryDirectory(dir=DIRECTORY) as name:
        packed = Path(name, "packed")
        # The last four bytes are the size of what is packed, not part of it.
        packed.write_bytes(image[start:start + length - 4])
        run_program(["lz4", "-q", "-d", "-f", packed, target], "unpack the guest's kernel")
    if target.read_bytes()[:4] != b"\x7fELF":
        raise VelaError("the guest's kernel does not unpack to an ELF")
    return target


def program(name: str, *parts: str) -> Path:
    """A program of the benchmark's guests, with its further source files, linked with musl; what is
    Linux's own comes from glibc's package."""
    target = DIRECTORY / name
    run_program(["clang-19", "-std=gnu2x", "-O2", "-static", "-nostdlib", "-nostdlibinc",
                 "-isystem", "/usr/include/x86_64-linux-musl", "-idirafter", "/usr/include",
                 "-idirafter", "/usr/include/x86_64-linux-gnu", "-fuse-ld=lld-19", "-o", target,
                 *(SOURCES / f"{part}.c" for part in (name, *parts)), MUSL / "crt1.o",
                 MUSL / "crti.o", MUSL / "libc.a", MUSL / "crtn.o"], f"build the program {name}")
    return target


def program_to_compile() -> bytes:
    """A program in C that keeps a compiler busy for a while."""
    lines = [f"int f{n}(int a, int b) {{ int s = {n}; for (int i = 0; i < a; i++) "
             f"s = s * 31 + (b ^ i) % {n + 7}; return s > {n * 3} ? s - f{n - 1}(b, 1) : s; }}"
             for n in range(1, FUNCTIONS)]
    return "\n".join(["static int f0(int a, int b) { return a + b; }", *lines, ""]).encode()


def payload() -> Path:
    """The initramfs, uncompressed: nothing of it depends on how well a kernel unpacks."""
    if not (TCC / "usr" / "bin" / "tcc").is_file():
        with tempfile.TemporaryDirectory(dir=paths.CACHE) as name:
            guest.unpack(guest.download("tcc", Path(name)), TCC)
    archive = cpio.Archive()
    for directory in ("bin", "dev", "lib", "lib/x86_64-linux-gnu", "lib64", "proc", "tmp", "usr",
                      "usr/bin", "usr/lib", "usr/lib/x86_64-linux-gnu"):
        archive.directory(directory)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3)
    archive.file("bin/busybox", guest.BUSYBOX.read_bytes(), 0o755)
    for applet in sorted(set(guest.applets()) - {"busybox"}):
        archive.symlink(f"bin/{applet}", "busybox")
    for library in HOST_LIBRARIES:
        archive.file(library, Path("/", library).read_bytes(), 0o755)
    for path in sorted(TCC.glob("usr/lib/**/include")) + sorted(TCC.glob("usr/lib/**/include/*")):
        add(archive, path)
    archive.file("usr/bin/tcc", (TCC / "usr" / "bin" / "tcc").read_bytes(), 0o755)
    archive.file("lib/program.c", program_to_compile())
    archive.file("payload", program("payload").read_bytes(), 0o755)
    archive.file("init", (SOURCES / "payload-init").read_bytes(), 0o755)
    target = DIRECTORY / "payload.cpio"
    target.write_bytes(archive.finish(compress=False))
    return target


def add(archive: cpio.Archive, path: Path) -> None:
    """Add a file or directory of the compiler, and the directory it lies in."""
    name = str(path.relative_to(TCC))
    if path.is_dir():
        archive.directory(str(Path(name).parent))
        archive.directory(name)
    else:
        archive.file(name, path.read_bytes())


def prepare() -> None:
    """Make the kernel and the payload."""
    packages.install_missing(BENCH_PACKAGES)
    DIRECTORY.mkdir(exist_ok=True)
    kernel_image()
    payload()


def native(line: str, name: str = "payload") -> qemu.Machine:
    """The guest with the initramfs of that name on the emulator without Vela."""
    return qemu.Machine(kernel=DIRECTORY / "vmlinux", append=line, cpus=1, memory_mib=256, cpu=CPU,
                        extra=("-initrd", str(DIRECTORY / f"{name}.cpio")))


def under_vela(line: str, name: str = "payload", text: str = CONFIG) -> qemu.Machine:
    """Vela with the guest of that configuration as its only one."""
    config = DIRECTORY / f"{name}.conf"
    config.write_text(text.format(line=line))
    plan = boot.plan(config, qemu.EXIT_ARGUMENT)
    return qemu.Machine(kernel=plan.kernel, modules=plan.modules, cpus=1, memory_mib=1024, cpu=CPU)


def run(machine: qemu.Machine, last: str, answer: bytes = b"") -> list[str]:
    """Run a machine under the instruction counter until a line holds a text; returns its lines."""
    outcome = serial.run(replace(machine, icount=True), TIMEOUT,
                         lambda line: bool(re.search(last, line)),
                         lambda line: answer if END in line else b"")
    if not outcome.stopped:
        raise VelaError("the phase benchmark's guest did not reach its end",
                        "\n".join(outcome.lines[-20:]))
    return outcome.lines


def figures(lines: list[str]) -> dict[str, int]:
    """The figures that a machine printed."""
    found = (FIGURE.search(line) for line in lines)
    return {match.group(1): int(match.group(2)) for match in found if match}


def phases() -> dict[str, float]:
    """Every phase with and without Vela, and the boot of both from power-on to the first process."""
    prepare()
    without = figures(run(native(LINE), END))
    lines = run(under_vela(LINE), STARTED.pattern, SHOW_LOG)
    with_vela = figures(lines)
    missing = [key for key in (*PHASES, *TIMES) if key not in with_vela or key not in without]
    if missing:
        raise VelaError(f"the phase benchmark gave no {', '.join(missing)}")
    started = STARTED.search(lines[-1])
    assert started is not None
    # Under the counter a millisecond of the log is a million instructions.
    before = (int(started.group(1)) * 1000 + int(started.group(2))) * 1_000_000
    return {
        **{key: round(with_vela[key] / without[key], 4) for key in PHASES},
        **{key: with_vela[key] for key in TIMES}, "timer_tick_native": without["timer_tick"],
        "payload_boot": before + with_vela["payload_marker"],
        "payload_boot_native": without["payload_marker"],
    }


def boot_cpu_ratio() -> dict[str, float]:
    """CPU time of the emulator from power-on to the payload's first process, over that without."""
    prepare()
    with_vela = least_cpu_seconds(lambda: under_vela(LINE), MARKER)
    return {CPU_KEYS[0]: round(with_vela / least_cpu_seconds(lambda: native(LINE), MARKER), 3)}
