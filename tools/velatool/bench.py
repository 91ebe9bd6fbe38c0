# SPDX-License-Identifier: Apache-2.0
"""`vela bench`: measures Vela and prints one figure per line.

Sizes are read from the build. Times are counted in instructions: a benchmark image runs on one CPU
under QEMU's instruction counter and prints lines "@@ KEY NUMBER" on its serial line. docs/bench.md
says what each figure means.
"""

import fnmatch
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from velatool import bench_boot, bench_io, bench_memory, bench_payload, bench_peers, bochs, boot
from velatool import build, loc, packages, paths, qemu, serial
from velatool.process import run as run_program
from velatool.ui import UsageError, VelaError, nearest, progress

SCHEMA = "vela.bench/1"
BENCH_TREE = paths.BUILD / "tests" / "bench"
KERNEL_KEYS = ("ipc_call_reply", "ipc_call_reply_c", "hypercall_null", "hypercall_sm_up",
               "exit_cpuid_floor", "map_2048_pages", "map_2048_pages_fresh", "unmap_2048_pages")
EXIT_KEYS = ("exit_cpuid", "exit_port_write", "exit_port_write_unclaimed", "exit_port_read",
             "exit_port_read_unclaimed", "exit_mmio_write", "exit_mmio_read",
             "exit_mmio_read_lapic", "exit_msr_read", "exit_virtio_doorbell")
# In Bochs, whose clock counts instructions too: the same guest on a model with VMX and one with SVM.
BOCHS_MODELS = {"vmx": bochs.DEFAULT_MODEL, "svm_bochs": "trinity_apu"}
BOCHS_KEYS = ("exit_cpuid", "exit_port_write", "exit_mmio_read")
FIGURE_LINE = re.compile(r"@@ ([a-z][a-z0-9_]*) ([0-9]+(?:\.[0-9]+)?)\s*$")
Figures = dict[str, float]


@dataclass(frozen=True)
class Benchmark:
    """Measures some figures at once. One with a group is measured only when the group is asked for."""

    keys: tuple[str, ...]
    measure: Callable[[], Figures]
    group: str = ""

    def chosen_keys(self, patterns: Sequence[str]) -> list[str]:
        """The figures that were asked for."""
        if self.group:
            return list(self.keys) if self.group in patterns else []
        return [key for key in self.keys if wanted(key, patterns)]


def number(text: str) -> float:
    """A figure as an integer where it is one."""
    value = float(text)
    return int(value) if value.is_integer() else value


def kernel_code_lines() -> int:
    """Code lines of the kernel, every architecture counted."""
    return loc.count_part("hypervisor")[1]


def kernel_text_bytes() -> int:
    """Bytes of code and constants of the kernel."""
    listing = run_program(["llvm-size-19", "-B", paths.KERNEL], "measure the kernel")
    return int(listing.splitlines()[1].split()[0])


def image_bytes() -> int:
    """Bytes of a boot without guests: kernel, root task and programs, as shipped."""
    programs = (paths.KERNEL, paths.ROOTTASK, *boot.PROGRAMS)
    return sum(build.stripped(program).stat().st_size for program in programs)


def sizes() -> Figures:
    """Everything that needs no run."""
    return {"kernel_code_lines": kernel_code_lines(), "kernel_text_bytes": kernel_text_bytes(),
            "image_bytes": image_bytes()}


def collect_figures(lines: Iterable[str]) -> Figures:
    """The figures that a machine's serial line reports."""
    figures: Figures = {}
    for line in lines:
        match = FIGURE_LINE.search(line)
        if match:
            figures[match.group(1)] = number(match.group(2))
    return figures


def figures_of(run_until: Callable[[Callable[[str], bool]], serial.Outcome],
               keys: Sequence[str], timeout: float) -> Figures:
    """Run a machine until all figures have come on its serial line."""
    missing = set(keys)

    def is_last(line: str) -> bool:
        missing.difference_update(collect_figures([line]))
        return not missing

    outcome = run_until(is_last)
    if missing:
        how = f"did not come within {timeout:g} s" if outcome.timed_out \
            else f"did not come: {outcome.fault or qemu.meaning(outcome.status or 0)}"
        raise VelaError(f"the figures {', '.join(sorted(missing))} {how}",
                        "\n".join([*outcome.lines[-20:], *outcome.log]))
    return collect_figures(outcome.lines)


def run_counted(machine: qemu.Machine, keys: Sequence[str], timeout: float) -> Figures:
    """Run a machine under the instruction counter until all figures have come."""
    counted = replace(machine, icount=True)
    return figures_of(lambda stop: serial.run(counted, timeout, stop), keys, timeout)


def run_config(config: Path, keys: Sequence[str], timeout: float = 300) -> Figures:
    """Boot a configuration under the instruction counter and return the figures it prints."""
    plan = boot.plan(config, qemu.EXIT_ARGUMENT)
    return run_counted(qemu.Machine(kernel=plan.kernel, modules=plan.modules), keys, timeout)


def kernel_calls() -> Figures:
    """What the kernel does for the benchmark's own root task."""
    root = qemu.Module("bench-kernel", build.stripped(BENCH_TREE / "kernel" / "bench-kernel"))
    machine = qemu.Machine(kernel=build.stripped(paths.KERNEL32), modules=(root,))
    return run_counted(machine, KERNEL_KEYS, 60)


def guest_exits() -> Figures:
    """What exits cost the benchmark's guest under the real monitor."""
    return run_config(BENCH_TREE / "guest" / "exits.conf", EXIT_KEYS, 120)


def bochs_exits() -> Figures:
    """The same on processors of both vendors, as Bochs counts."""
    packages.install_missing(packages.BOCHS_PACKAGES)
    figures: Figures = {}
    plan = boot.plan(BENCH_TREE / "guest" / "exits.conf")
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="bochs-") as directory:
        iso = Path(directory, "bench.iso")
        bochs.write_image(iso, build.stripped(paths.KERNEL), plan.modules)
        for prefix, model in BOCHS_MODELS.items():
            machine = bochs.Machine(iso, model=model, log_errors=False)
            found = figures_of(lambda stop, m=machine: serial.run_bochs(m, 240, stop),
                               BOCHS_KEYS, 240)
            figures |= {f"{prefix}_{key}": found[key] for key in BOCHS_KEYS}
    return figures


BENCHMARKS: list[Benchmark] = [
    Benchmark(("kernel_code_lines", "kernel_text_bytes", "image_bytes"), sizes),
    Benchmark(EXIT_KEYS, guest_exits),
    Benchmark(KERNEL_KEYS, kernel_calls),
    Benchmark(tuple(f"{prefix}_{key}" for prefix in BOCHS_MODELS for key in BOCHS_KEYS), bochs_exits),
    Benchmark(bench_boot.RATIO_KEYS, bench_boot.guest_boot_ratio),
    Benchmark(("boot_cpu_ratio",), bench_boot.boot_cpu_ratio),
    Benchmark(bench_memory.KEYS, bench_memory.guest_overhead),
    Benchmark(bench_payload.KEYS, bench_payload.phases),
    Benchmark(bench_io.KEYS, bench_io.disk_and_network),
    Benchmark(bench_payload.CPU_KEYS, bench_payload.boot_cpu_ratio),
    Benchmark(bench_peers.PHASE_KEYS, bench_peers.phases, bench_peers.GROUP),
    Benchmark((*bench_peers.IO_KEYS, *bench_peers.FLOOR_KEYS), bench_peers.disk_and_network,
              bench_peers.GROUP),
]


def select(patterns: Sequence[str]) -> list[Benchmark]:
    """The benchmarks that measure a wanted figure."""
    chosen = [benchmark for benchmark in BENCHMARKS if benchmark.chosen_keys(patterns)]
    if not chosen:
        keys = [key for benchmark in BENCHMARKS for key in (benchmark.group, *benchmark.keys)]
        raise UsageError(f"no figure matches {' '.join(patterns)}", nearest(patterns[0], keys))
    return chosen


def wanted(key: str, patterns: Sequence[str]) -> bool:
    """Whether a figure was asked for."""
    return not patterns or any(pattern in key or fnmatch.fnmatchcase(key, pattern)
                               for pattern in patterns)


def measure(benchmark: Benchmark) -> Figures:
    """Run one benchmark; every figure it promises must come."""
    figures = benchmark.measure()
    missing = [key for key in benchmark.keys if key not in figures]
    if missing:
        raise VelaError(f"the benchmark gave no figure {', '.join(missing)}")
    return figures


def run(patterns: Sequence[str], output: Path | None) -> int:
    """Measure what is wanted, print it, and write the JSON file."""
    chosen = select(patterns)
    build.everything()
    started = time.monotonic()
    figures: Figures = {}
    for benchmark in chosen:
        for key, value in measure(benchmark).items():
            if key in benchmark.chosen_keys(patterns):
                figures[key] = value
                print(f"{key:<50}{value:>16,}", flush=True)
    if output is not None:
        output.write_text(json.dumps({"schema": SCHEMA, "figures": figures}, indent=2) + "\n")
        progress(f"wrote {output} after {time.monotonic() - started:.0f} s")
    return 0
