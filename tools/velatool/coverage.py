# SPDX-License-Identifier: Apache-2.0
"""Source coverage: a build of its own, profiles from every test program and every kernel run.

Host programs write profiles by themselves. The kernel writes its profile to the debug console port
before it ends QEMU; the test runner keeps it because VELA_PROFILE_DIR is set.
"""

import os
from pathlib import Path

from velatool import paths
from velatool.process import run
from velatool.ui import VelaError

DIRECTORY = paths.BUILD.with_name(paths.BUILD.name + "-coverage")
OPTIONS = ("-Dcoverage=true",)
PROFILES = DIRECTORY / "profiles"


def environment() -> dict[str, str]:
    """The environment for test programs; profiles of earlier runs are removed."""
    PROFILES.mkdir(exist_ok=True)
    for old in PROFILES.glob("*.profraw"):
        old.unlink()
    return {**os.environ, "VELA_PROFILE_DIR": str(PROFILES),
            "LLVM_PROFILE_FILE": str(PROFILES / "host-%m-%p.profraw")}


def merged(pattern: str) -> Path | None:
    """One profile made of all whose name matches; empty files come from runs that were killed."""
    raw = [path for path in sorted(PROFILES.glob(pattern)) if path.stat().st_size]
    if not raw:
        return None
    target = PROFILES / (pattern.split("-")[0] + ".profdata")
    run(["llvm-profdata-19", "merge", "-sparse", "-o", target, *raw], "merge coverage profiles")
    return target


def figures(profile: Path, programs: list[Path]) -> str:
    """The table of llvm-cov for everything but the tests."""
    if not programs:
        raise VelaError("the coverage build has no programs")
    objects = [word for program in programs[1:] for word in ("-object", str(program))]
    text = run(["llvm-cov-19", "report", f"-instr-profile={profile}", "-show-region-summary=false",
                "-ignore-filename-regex=(^|/)tests/", programs[0], *objects],
               "report coverage", cwd=DIRECTORY)
    return text.split("\nFiles which contain no functions:")[0].rstrip() + "\n"


def host_programs() -> list[Path]:
    """The native programs of the coverage build that carry coverage data."""
    candidates = [path for part in ("unit", "fuzz") for path in (DIRECTORY / "tests" / part).rglob("*")]
    return sorted(path for path in candidates
                  if path.is_file() and os.access(path, os.X_OK) and path.suffix == "")


def report() -> str:
    """Coverage of the kernel by kernel runs, and of host-testable code by host tests."""
    parts = []
    kernel = merged("kernel-*.profraw")
    if kernel:
        program = DIRECTORY / "hypervisor" / "vela.elf"
        parts.append("kernel, by machines:\n" + figures(kernel, [program]))
    host = merged("host-*.profraw")
    if host:
        parts.append("user level, by host tests:\n" + figures(host, host_programs()))
    return "\n".join(parts) or "no test wrote a coverage profile"
