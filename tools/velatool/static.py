# SPDX-License-Identifier: Apache-2.0
"""Checks that need no run: layout of C files, clang-tidy, Python syntax, and house rules.

clang-tidy remembers per file that it found nothing, keyed by the content of the file, of all headers
and of the profile, so that a second run only looks at what changed.
"""

import ast
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from velatool import paths

CODE_DIRECTORIES = ("abi", "hypervisor", "runtime", "roottask", "services", "vmm", "tests", "tools",
                    "examples", "subprojects/packagefiles")
SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_SUFFIXES = (".c", ".h", ".S", ".py", ".def", ".lds", ".ld", ".build")


@dataclass(frozen=True)
class Check:
    """One static test: returns what is wrong, or an empty string."""

    name: str
    quick: bool
    run: Callable[[], str]


def files_with(*suffixes: str) -> list[Path]:
    """The tree's own files with one of the suffixes."""
    return sorted(path for directory in CODE_DIRECTORIES
                  for path in (paths.ROOT / directory).rglob("*")
                  if path.suffix in suffixes and path.is_file())


def relative(path: Path) -> str:
    """A path as messages show it."""
    return str(path.relative_to(paths.ROOT))


def check_format() -> str:
    """C files are laid out as .clang-format says."""
    sources = files_with(".c", ".h")
    if not sources:
        return "no C file was found"
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *map(relative, sources)],
                          cwd=paths.ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    places = [line for line in done.stderr.splitlines() if ": error:" in line]
    files = sorted({line.split(":", 1)[0] for line in places})
    return "\n".join([*places[:20], "fix with: clang-format-19 -i " + " ".join(files)])


def check_python() -> str:
    """Python files parse, and every module, class and public function says what it is."""
    faults = []
    for path in files_with(".py"):
        try:
            tree = ast.parse(path.read_text(), filename=str(path))
        except SyntaxError as error:
            faults.append(f"{relative(path)}:{error.lineno}: {error.msg}")
            continue
        faults += [f"{relative(path)}:{line}: no docstring" for line in undocumented(tree)]
    return "\n".join(faults)


def undocumented(tree: ast.Module) -> Iterable[int]:
    """Lines of definitions without docstring; private ones, tests and their set-up need none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module):
            if ast.get_docstring(node) is None:
                yield 1
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if not node.name.startswith(("_", "test_", "setUp", "tearDown")) and ast.get_docstring(node) is None \
                    and not isinstance(parent_of(tree, node), ast.FunctionDef):
                yield node.lineno


def parent_of(tree: ast.Module, child: ast.AST) -> ast.AST:
    """The node whose body holds child."""
    for node in ast.walk(tree):
        if child in ast.iter_child_nodes(node):
            return node
    return tree


def check_house_rules() -> str:
    """Licence line in the first three lines, no file of C over 400 lines, no trailing blanks."""
    faults = []
    for path in files_with(*SPDX_SUFFIXES):
        lines = path.read_text(errors="replace").splitlines()
        if SPDX not in "\n".join(lines[:3]):
            faults.append(f"{relative(path)}:1: no SPDX line")
        if path.suffix in (".c", ".h", ".S", ".py") and len(lines) > 400:
            faults.append(f"{relative(path)}: {len(lines)} lines, more than 400")
        faults += [f"{relative(path)}:{number}: blanks at the end of the line"
                   for number, line in enumerate(lines, 1) if line != line.rstrip()]
    return "\n".join(faults)


def compile_commands() -> dict[Path, dict[str, str]]:
    """One compiler command for each C file that is shipped: the first of its builds.

    Tests are left out: the analyser does not know that a failed assertion of theirs ends a test.
    """
    commands: dict[Path, dict[str, str]] = {}
    for entry in json.loads((paths.BUILD / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        left_out = any(map(path.is_relative_to, (paths.SUBPROJECTS, paths.ROOT / "tests",
                                                 paths.BUILD)))
        if path.suffix == ".c" and path.is_relative_to(paths.ROOT) and not left_out:
            commands.setdefault(path, entry)
    return commands


def tidy_environment() -> str:
    """A hash of everything besides the file itself that decides what clang-tidy says."""
    digest = hashlib.sha256((paths.ROOT / ".clang-tidy").read_bytes())
    for header in files_with(".h", ".def"):
        digest.update(str(header).encode() + header.read_bytes())
    return digest.hexdigest()


def tidy_file(path: Path, entry: dict[str, str], environment: str) -> str:
    """What clang-tidy says about one file."""
    stamps = paths.BUILD / "tidy"
    key = hashlib.sha256(f"{environment}{entry['command']}".encode() + path.read_bytes())
    stamp = stamps / key.hexdigest()
    if stamp.exists():
        return ""
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(stamps), str(path)],
                          cwd=paths.ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.touch()
        return ""
    prefix = os.path.relpath(paths.ROOT, paths.BUILD) + "/"
    places = [line for line in done.stdout.splitlines() if ": error: " in line]
    return ("\n".join(places) or done.stderr.strip()).replace(prefix, "")


def check_tidy() -> str:
    """clang-tidy finds nothing in any C file of the build."""
    commands = compile_commands()
    if not commands:
        return "the build compiles no C file"
    stamps = paths.BUILD / "tidy"
    stamps.mkdir(exist_ok=True)
    (stamps / "compile_commands.json").write_text(json.dumps(list(commands.values())))
    environment = tidy_environment()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        faults = pool.map(lambda item: tidy_file(*item, environment), sorted(commands.items()))
        return "\n".join(fault for fault in faults if fault)


CHECKS = (
    Check("static/format", True, check_format),
    Check("static/rules", True, check_house_rules),
    Check("static/python", True, check_python),
    Check("static/tidy", False, check_tidy),
)
