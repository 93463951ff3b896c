"""fetch - Debian source packages, through apt with lists of its own.

The machine's apt configuration is read, never changed: its sources are copied into the cache
directory with "deb" turned into "deb-src", so the same mirrors and keys are used.
"""
import os
import re
import shutil
import subprocess
from pathlib import Path


class FetchError(Exception):
    pass


def run(argv, **options):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False,
                          **options)


def as_source(name, text):
    """The same sources, for source packages."""
    if name.endswith(".sources"):
        return re.sub(r"(?m)^Types:.*", "Types: deb-src", text)
    return re.sub(r"(?m)^deb(?=\s)", "deb-src", text)


class Apt:
    """apt with lists and cache below a directory of its own."""

    def __init__(self, directory):
        self.directory = Path(directory).resolve()
        self.packages = self.directory / "packages"
        self.options = [
            "-q", "-o", "Dir::Etc::sourcelist=/dev/null",
            "-o", f"Dir::Etc::sourceparts={self.directory}/sources",
            "-o", f"Dir::State::lists={self.directory}/lists",
            "-o", f"Dir::Cache={self.directory}/cache",
            "-o", "APT::Sandbox::User=",  # the directory may be closed to apt's own user
        ]
        self.updated = False

    def prepare(self):
        if self.updated:
            return
        if not shutil.which("apt-get"):
            raise FetchError("no apt-get: source packages are Debian's")
        for name in ("sources", "lists/partial", "cache/archives/partial", "packages"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        etc = Path("/etc/apt")
        for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
            if file.suffix in (".list", ".sources") and file.is_file():
                text = as_source(file.name, file.read_text())
                (self.directory / "sources" / file.name).write_text(text)
        # Foreign sources may have no source packages: what counts is whether ours are found.
        run(["apt-get", *self.options, "update"])
        self.updated = True

    def versions(self, package):
        """Newest first."""
        listing = run(["apt-cache", *self.options, "showsrc", package]).stdout
        found = {}
        for stanza in listing.split("\n\n"):
            if re.search(rf"(?m)^Package: {re.escape(package)}$", stanza):
                found[re.search(r"(?m)^Version: (.*)", stanza).group(1)] = None
        ordered = list(found)
        for index in range(len(ordered)):  # a handful at most
            for other in range(index + 1, len(ordered)):
                newer = run(["dpkg", "--compare-versions", ordered[other], "gt", ordered[index]])
                if newer.returncode == 0:
                    ordered[index], ordered[other] = ordered[other], ordered[index]
        return ordered

    def source(self, package):
        """(directory with the unpacked source, its version)."""
        kept = self.packages / package
        if (kept / "version").exists():
            return kept / "source", (kept / "version").read_text()
        self.prepare()
        why = f"no source package {package}"
        for version in self.versions(package):
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            got = run(["apt-get", *self.options, "source", "--download-only",
                       f"{package}={version}"], cwd=kept)
            if got.returncode:  # a mirror may have lost one version and keep the one before
                why = got.stderr.strip()
                continue
            unpacked = run(["dpkg-source", "-q", "-x", next(kept.glob("*.dsc")), kept / "source"])
            if unpacked.returncode:
                raise FetchError(unpacked.stderr)
            (kept / "version").write_text(version)
            return kept / "source", version
        raise FetchError(why)

    def crate(self, name):
        """A Rust crate: its source package or, where a mirror lacks that, the package
        librust-NAME-dev, which holds the same files (Debian builds Rust from those)."""
        try:
            return self.source(f"rust-{name}")
        except FetchError as missing:
            package = f"librust-{name}-dev"
            kept = self.packages / package
            if not (kept / "version").exists():
                shutil.rmtree(kept, ignore_errors=True)
                kept.mkdir(parents=True)
                # The machine's own lists: binary packages are what those are for.
                run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", package], cwd=kept)
                files = list(kept.glob("*.deb"))
                if not files:
                    raise missing
                run(["dpkg-deb", "-x", files[0], kept / "tree"])
                version = run(["dpkg-deb", "-f", files[0], "Version"]).stdout.strip()
                (kept / "version").write_text(version)
            source = next((kept / "tree/usr/share/cargo/registry").glob(name + "-*"))
            return source, (kept / "version").read_text()


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return Path(directory)
