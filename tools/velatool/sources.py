# SPDX-License-Identifier: Apache-2.0
"""Third-party sources and guest packages, fetched with apt and checked by hash.

Sources come from Debian source packages. Most machines list binary packages only, so apt runs with
a configuration of its own under .cache/apt: the machine's Debian sources rewritten as source lists.
The machine's configuration and package state stay as they are.
"""

import configparser
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from velatool import packages, paths
from velatool.process import run
from velatool.ui import VelaError, progress

APT_ROOT = paths.CACHE / "apt"
APT_ETC = Path("/etc/apt")


@dataclass(frozen=True)
class Source:
    """One source archive that a wrap file names."""

    filename: str
    sha256: str

    @property
    def package(self) -> str:
        """The Debian source package: musl_1.2.3.orig.tar.gz belongs to musl."""
        return self.filename.split("_", 1)[0]

    @property
    def path(self) -> Path:
        """Where Meson looks for it."""
        return paths.PACKAGE_CACHE / self.filename


def wrapped_sources() -> list[Source]:
    """The archives that subprojects/*.wrap need."""
    found = []
    for wrap in sorted(paths.SUBPROJECTS.glob("*.wrap")):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(wrap)
        section = parser["wrap-file"] if parser.has_section("wrap-file") else {}
        if "source_filename" in section and "source_hash" in section:
            found.append(Source(section["source_filename"], section["source_hash"]))
    return found


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def deb822_sources(text: str, kind: str = "deb-src") -> list[str]:
    """Stanzas of a .sources file, rewritten to list packages of a kind."""
    stanzas = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
        types = [line for line in lines if re.match(r"(?i)types\s*:(.*\s)?deb(\s|$)", line)]
        if types:
            kept = [line for line in lines if line not in types]
            stanzas.append("\n".join([f"Types: {kind}", *kept]))
    return stanzas


def one_line_sources(text: str, kind: str = "deb-src") -> list[str]:
    """Lines of a .list file as stanzas that list packages of a kind."""
    stanzas = []
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)", line.strip())
        if not match:
            continue
        options, uri, suite, components = match.groups()
        stanza = [f"Types: {kind}", f"URIs: {uri}", f"Suites: {suite}"]
        if components.split("#")[0].strip():
            stanza.append(f"Components: {components.split('#')[0].strip()}")
        signed = re.search(r"signed-by=(\S+)", options or "")
        if signed:
            stanza.append(f"Signed-By: {signed.group(1)}")
        stanzas.append("\n".join(stanza))
    return stanzas


def is_debian(stanza: str) -> bool:
    """Whether a stanza names a Debian archive: other vendors' repositories are left out."""
    uris = re.search(r"(?im)^uris\s*:\s*(.*)$", stanza)
    suites = re.search(r"(?im)^suites\s*:\s*(.*)$", stanza)
    return bool(uris and suites and "debian" in uris.group(1)
                and re.search(r"\b(bookworm|stable|oldstable)", suites.group(1)))


def machine_sources(kind: str = "deb-src") -> list[str]:
    """The machine's Debian archives as stanzas that list source packages, or binary ones (deb)."""
    stanzas: list[str] = []
    lists = [APT_ETC / "sources.list", *sorted((APT_ETC / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            stanzas += one_line_sources(path.read_text(errors="replace"), kind)
    for path in sorted((APT_ETC / "sources.list.d").glob("*.sources")):
        stanzas += deb822_sources(path.read_text(errors="replace"), kind)
    return [stanza for stanza in stanzas if is_debian(stanza)]


def private_apt() -> list[str]:
    """Write the private apt configuration and return the options that select it."""
    stanzas = machine_sources()
    if not stanzas:
        raise VelaError("this machine's apt has no Debian 12 archive to take sources from",
                        f"add one to {APT_ETC / 'sources.list'}")
    for part in ("state/lists/partial", "cache/archives/partial", "sources"):
        (APT_ROOT / part).mkdir(parents=True, exist_ok=True)
    (APT_ROOT / "sources" / "vela.sources").write_text("\n\n".join(stanzas) + "\n")
    settings = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": APT_ROOT / "sources",
        "Dir::State": APT_ROOT / "state",
        "Dir::State::Lists": APT_ROOT / "state" / "lists",
        "Dir::Cache": APT_ROOT / "cache",
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def fetch_sources() -> None:
    """Bring every archive that the wrap files name into the package cache, checked."""
    wanted = [source for source in wrapped_sources() if not source.path.is_file()]
    if wanted:
        paths.PACKAGE_CACHE.mkdir(parents=True, exist_ok=True)
        options = private_apt()
        progress("fetching the lists of source packages")
        run(["apt-get", *options, "update", "-qq"], "fetch the lists of source packages",
            env=packages.apt_environment(), hint="check the network and the machine's apt sources")
        for source in wanted:
            fetch_source(source, options)
    for source in wrapped_sources():
        check_source(source)


def fetch_source(source: Source, options: list[str]) -> None:
    """Download one source package's upstream archive."""
    progress(f"fetching the source of {source.package}")
    run(["apt-get", *options, "source", "-qq", "--download-only", "--tar-only", source.package],
        f"fetch the source package {source.package}", cwd=paths.PACKAGE_CACHE,
        env=packages.apt_environment(),
        hint=f"put {source.filename} into {paths.PACKAGE_CACHE} by hand to go on without it")
    if not source.path.is_file():
        raise VelaError(f"the source package {source.package} has no file {source.filename}",
                        "the archive moved to another version; the wrap file must follow")


def check_source(source: Source) -> None:
    """Refuse an archive whose hash is not the one the wrap file pins.

    A stamp beside the archive keeps repeated runs from reading it again.
    """
    status = source.path.stat()
    identity = f"{source.sha256} {status.st_size} {status.st_mtime_ns}"
    stamp = source.path.with_name(source.filename + ".checked")
    if stamp.is_file() and stamp.read_text() == identity:
        return
    actual = sha256_of(source.path)
    if actual != source.sha256:
        raise VelaError(f"{source.path} is not the pinned archive: its SHA-256 is {actual}",
                        f"expected {source.sha256}; delete the file to fetch it again")
    stamp.write_text(identity)
