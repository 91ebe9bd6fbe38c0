# SPDX-License-Identifier: Apache-2.0
"""Writes docs/abi/hypercalls.md, the reference of calls, from the headers in abi/vela.

With --check nothing is written: it is a test that the committed page is what the headers say.
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABI = ROOT / "abi" / "vela"
PAGE = ROOT / "docs" / "abi" / "hypercalls.md"

TEXT = r'"((?:[^"\\]|\\.)*)"'
CALL = re.compile(r"HYPERCALL\((\d+), (\w+), ([01]), " + TEXT + r"\)")
ARGUMENT = re.compile(r"ARG\((\w+), (\w+), (\w+), ([\w| ]+), " + TEXT + r"\)")
ERRORS = re.compile(r"ERRORS\((\w+), " + TEXT + r"\)")
ROW = re.compile(r"X\((\w+),[\s\\]+(\d+),[\s\\]+" + TEXT + r"\)")
BIT = re.compile(r"^#define VELA_(\w+)\s+(0x\w+|\d+)u\s*(?:/\* (.*?) \*/)?$", re.M)
MEMBER = re.compile(r"\bVELA_(\w+)(?: = (\d+))?(?:,|\s*$)\s*(?:/\*\s*(.*?)\s*\*/)?", re.S)
ENUM = re.compile(r"enum \{(.*?)\};(?:\s*/\* \w+: (.*?) \*/)?", re.S)

HEAD = """\
# Calls of the kernel

Generated from `abi/vela/*.h` and `hypercalls.def` by `tools/velatool/abidoc.py`. What the words mean is
in [README.md](README.md).

    in:  rax = number | flags << 8; rdi, rsi, rdx, r10, r8 = arguments; SYSCALL
    out: rax = status; rdi, rsi, rdx, r10, r8 = results of some calls; rcx, r11 destroyed

All bits of rax above 15 are zero. An unknown number is answered with NOT_SUPPORTED.
"""


@dataclass
class Call:
    """One row of the table of hypercalls."""

    number: int
    name: str
    implemented: bool
    text: str
    arguments: list[tuple[str, ...]] = field(default_factory=list)
    errors: str = ""


def source(name: str) -> str:
    """A header's text, string literals of several lines joined."""
    return re.sub(r'"\s*\n\s*"', "", (ABI / name).read_text())


def parse_calls(text: str) -> list[Call]:
    """All rows of hypercalls.def; raises ValueError when an entry belongs to no call."""
    calls: list[Call] = []
    for line in text.splitlines():
        if match := CALL.match(line):
            number, name, implemented, what = match.groups()
            calls.append(Call(int(number), name, implemented == "1", what))
        elif match := ARGUMENT.match(line):
            calls[-1].arguments.append(match.groups())
        elif match := ERRORS.match(line):
            if match.group(1) != calls[-1].name:
                raise ValueError(f"errors of {match.group(1)} stand below {calls[-1].name}")
            calls[-1].errors = match.group(2)
    if [call.number for call in calls] != list(range(len(calls))):
        raise ValueError("the numbers of calls have gaps or repeat")
    return calls


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    return "\n".join([line(header), "|" + "---|" * len(header), *map(line, rows)]) + "\n"


def call_section(call: Call) -> str:
    """Arguments and errors of one call."""
    rows = [(name, register.replace("_", ", ") if kind == "WORDS" else register,
             kind.removeprefix("CAP_") + (" capability" if kind.startswith("CAP_") else ""),
             "" if rights == "0" else rights, text)
            for name, register, kind, rights, text in call.arguments]
    missing = "" if call.implemented else "\n\nNot implemented."
    return (f"## {call.number} {call.name}\n\n{call.text[0].upper()}{call.text[1:]}.{missing}\n\n"
            + table(("argument", "register", "kind", "rights", "meaning"), rows)
            + f"\nErrors: {call.errors}.\n")


def numbered(text: str, name: str) -> list[tuple[str, ...]]:
    """Rows of an X macro table."""
    body = re.search(rf"#define {name}\(X\)(.*?[^\\])\n", text, re.S)
    if body is None:
        raise ValueError(f"no table {name}")
    return [(value, f"`VELA_{name.split('_')[1]}_{row}`" if "STATUS" not in name else f"`VELA_{row}`",
             what) for row, value, what in ROW.findall(body.group(1))]


def bits(text: str, prefix: str) -> list[tuple[str, ...]]:
    """Constants whose names start with prefix, and their comments."""
    return [(value, f"`VELA_{name}`", comment or "") for name, value, comment in BIT.findall(text)
            if name.startswith(prefix)]


def words(text: str, prefix: str) -> list[tuple[str, ...]]:
    """Members of the enumeration that ends with prefix_PARAMS or the like: numbered UTCB words."""
    for body, below in ENUM.findall(text):
        members = MEMBER.findall(body)
        if members and all(name.startswith(prefix) for name, _, _ in members):
            return [(str(number), f"`VELA_{name}`", re.sub(r"[\s*]+", " ", comment or below))
                    for number, (name, _, comment) in enumerate(members)
                    if not name.endswith(("_PARAMS", "_WORDS"))]
    raise ValueError(f"no enumeration of {prefix}")


def page() -> str:
    """The whole page."""
    types, state = source("types.h"), source("state.h")
    hypercall = source("hypercall.h")
    calls = parse_calls(source("hypercalls.def"))
    parts = [HEAD, *map(call_section, calls), "## Parameters of create\n\nUTCB words from 0.\n"]
    for kind in ("PD", "SP", "EC", "VC", "SC", "PT", "SM", "CP", "DC"):
        parts.append(f"### {kind}\n\n" + table(("word", "name", "meaning"),
                                              words(hypercall, f"{kind}_")))
    for title, head, rows in (
            ("Status codes", "status", numbered(types, "VELA_STATUS_TABLE")),
            ("Kinds of objects", "kind", numbered(types, "VELA_KIND_TABLE")),
            ("Exit classes", "class", numbered(state, "VELA_EXIT_TABLE")),
            ("State groups", "group", bits(state, "GROUP_")),
            ("Optional intercepts", "bit", bits(state, "INTERCEPT_")),
            ("Words of an event message", "word", words(hypercall, "EVENT_")),
            ("Words of dev_ctrl: IRQ_BIND", "word", words(hypercall, "DEV_MSI_")),
            ("Words of dev_ctrl: FAULTS", "word", words(hypercall, "DEV_FAULT_")),
            ("Words of stat: PD", "word", words(hypercall, "STAT_PD_")),
            ("Words of stat: HW", "word", words(hypercall, "STAT_HW_"))):
        parts.append(f"## {title}\n\n" + table(("value", head, "meaning"), rows))
    return "\n".join(parts)


def main() -> int:
    """Write the page, or compare it and print TAP."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare, do not write")
    if not arguments.parse_args().check:
        PAGE.write_text(page())
        return 0
    same = PAGE.is_file() and PAGE.read_text() == page()
    print("1..1\n" + ("ok" if same else "not ok") + " 1 - docs/abi/hypercalls.md is up to date")
    if not same:
        print("# write it with: python3 tools/velatool/abidoc.py")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
