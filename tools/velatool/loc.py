# SPDX-License-Identifier: Apache-2.0
"""`vela loc`: code lines per part. A code line has something on it besides blanks and comments."""

import ast
import io
import re
import tokenize
from collections.abc import Callable
from pathlib import Path

from velatool import paths

KERNEL_BUDGET = 10_000
PARTS = ("hypervisor", "abi", "runtime", "roottask", "services", "vmm", "tools", "tests")

# A comment, or a literal whose content must not be taken for one.
C_TOKEN = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
                     re.DOTALL | re.VERBOSE)
ASM_COMMENT = re.compile(r"^\s*#(?!\s*(?:include|define|undef|if|ifdef|ifndef|elif|else|endif|error"
                         r"|pragma)\b).*$", re.MULTILINE)
SHELL_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def strip_c_comments(text: str) -> str:
    """C text with every comment replaced by the line ends it contains."""
    def replacement(match: re.Match[str]) -> str:
        token = match.group()
        return "\n" * token.count("\n") if token.startswith(("/*", "//")) else token
    return C_TOKEN.sub(replacement, text)


def filled_lines(text: str) -> int:
    """How many lines are not blank."""
    return sum(1 for line in text.splitlines() if line.strip())


def count_c(text: str) -> int:
    """Code lines of C, or of a linker script."""
    return filled_lines(strip_c_comments(text))


def count_assembly(text: str) -> int:
    """Code lines of preprocessed assembly."""
    return filled_lines(ASM_COMMENT.sub("", strip_c_comments(text)))


def count_shell(text: str) -> int:
    """Code lines of a language in which # starts a comment line."""
    return filled_lines(SHELL_COMMENT.sub("", text))


def docstring_lines(text: str) -> set[int]:
    """The lines that docstrings cover."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def count_python(text: str) -> int:
    """Code lines of Python; docstrings count as comments."""
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
               tokenize.ENDMARKER, tokenize.ENCODING}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in ignored:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(text))


COUNTERS: dict[str, Callable[[str], int]] = {
    ".c": count_c, ".h": count_c, ".def": count_c, ".lds": count_c, ".ld": count_c,
    ".S": count_assembly, ".py": count_python, ".build": count_shell, ".sh": count_shell,
}


def count_file(path: Path) -> int:
    """Code lines of one file; 0 for a kind that is not code."""
    counter = COUNTERS.get(path.suffix)
    return counter(path.read_text(errors="replace")) if counter else 0


def count_part(part: str) -> tuple[int, int]:
    """Files and code lines below a directory of the tree."""
    counts = [count_file(path) for path in sorted((paths.ROOT / part).rglob("*"))
              if path.is_file() and path.suffix in COUNTERS]
    return len(counts), sum(counts)


def table() -> str:
    """The report of `vela loc`."""
    rows = [(part, *count_part(part)) for part in PARTS if (paths.ROOT / part).is_dir()]
    lines = [f"{'part':<12}{'files':>7}{'code lines':>12}"]
    for part, files, code in rows:
        budget = f"   of {KERNEL_BUDGET:,} ({100 * code / KERNEL_BUDGET:.0f} %)"
        lines.append(f"{part:<12}{files:>7}{code:>12,}{budget if part == 'hypervisor' else ''}")
    lines.append(f"{'all':<12}{sum(row[1] for row in rows):>7}{sum(row[2] for row in rows):>12,}")
    return "\n".join(lines)
