#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian packages for the image, with all that they depend on, without root
and without installing anything on the host.

apt resolves and downloads (so mirrors, proxies, keys and hashes are apt's
business and the host's settings), against an empty list of installed packages;
the .debs are kept in build/pkg/debs. Their files go straight from each .deb
into one cpio archive, build/pkg/NAMES.cpio: owners and modes survive, and /bin
or /usr/bin in a package means the same. Documentation, manuals and translations
are left out, maintainer scripts are not run.

    package.py NAME...                      make the archive, print its path
    package.py --file PATH -o OUT NAME      one file out of the package itself
    package.py --unpack DIR NAME            the package itself, as a folder
"""
import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from typing import Callable, Dict, List, NoReturn, Optional, Sequence, TypeVar

import mkinitrd

_T = TypeVar("_T")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PKG = os.path.join(ROOT, "build", "pkg")
LEFT_OUT = re.compile(r"usr/share/(doc|man|info|lintian|locale|bug)(/|$)")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+~:-]+)?")


UNREACHABLE = re.compile(r"Could not (resolve|connect)|Temporary failure|Unable to connect|"
                         r"Network is unreachable|Connection (timed out|failed|refused)")


class PackageError(Exception):
    """What to tell the user."""


class Unreachable(PackageError):
    """apt has no way to its servers: no network, or a proxy that refuses."""


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Apt:
    """apt-get with a state of our own; `own_lists` once the host's are no use."""

    def __init__(self) -> None:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise PackageError("packages need apt-get and dpkg-deb, which this host does not have")
        self.debs = os.path.join(PKG, "debs")
        self.own_lists = False
        # apt tells the address only of what it does not have, so it is asked for
        # addresses with an archive folder that stays empty.
        self.none = os.path.join(PKG, "none")
        for path in (self.debs, self.none, os.path.join(PKG, "lists")):
            os.makedirs(os.path.join(path, "partial"), exist_ok=True)
        self.status = os.path.join(PKG, "status")
        with open(self.status, "w"):
            pass

    def run(self, *args: str, archives: Optional[str] = None) -> str:
        """Its standard output. `archives`: where .debs are, and where it is run."""
        archives = archives or self.none
        options = {
            "Dir::State::status": self.status,
            "Dir::Cache::archives": archives + "/",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "0",
            "APT::Architecture": "amd64",
            "APT::Architectures::": "amd64",
        }
        if self.own_lists:
            options["Dir::State::lists"] = os.path.join(PKG, "lists") + "/"
        cmd = ["apt-get", "-q"]
        for key, value in options.items():
            cmd += ["-o", f"{key}={value}"]
        done = subprocess.run(cmd + list(args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=archives,
                              env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})
        said = done.stderr.decode(errors="replace").strip()
        if UNREACHABLE.search(said):  # `update` only warns of it and ends with 0
            raise Unreachable(said)
        if done.returncode:
            raise PackageError(said or done.stdout.decode(errors="replace").strip())
        return done.stdout.decode()

    def resolve(self, names: Sequence[str]) -> List[str]:
        """File names of the .debs, in the order in which apt would unpack them."""
        text = self.run("install", "--print-uris", "-y", "--reinstall", *names)
        return re.findall(r"^'[^']+' (\S+\.deb) \d+", text, re.M)

    def fetch(self, names: Sequence[str]) -> List[str]:
        """Paths of the .debs, all of them downloaded."""
        files = self.resolve(names)
        if all(os.path.exists(os.path.join(self.debs, f)) for f in files) and files:
            return [os.path.join(self.debs, f) for f in files]
        note(f"apt: downloading {' '.join(names)} ({len(files)} packages with dependencies)")
        self.run("install", "--download-only", "-y", *names, archives=self.debs)
        missing = [f for f in files if not os.path.exists(os.path.join(self.debs, f))]
        if missing or not files:
            raise PackageError(f"apt did not deliver {' '.join(missing) or 'any package'}")
        return [os.path.join(self.debs, f) for f in files]

    def fetch_one(self, name: str) -> str:
        """Path of the package's own .deb."""
        text = self.run("download", "--print-uris", name)
        files = re.findall(r"^'[^']+' (\S+\.deb) \d+", text, re.M)
        if not files:
            raise PackageError(f"apt knows no file for {name}")
        path = os.path.join(self.debs, files[0])
        if not os.path.exists(path):
            note(f"apt: downloading {name}")
            self.run("download", name, archives=self.debs)
        return path

    def source(self, name: str) -> str:
        """Path of the .dsc of a source package, its files beside it. The host's
        sources may name binaries only: the same places are asked with deb-src."""
        folder = os.path.join(PKG, "src")
        lists = os.path.join(folder, "lists")
        os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
        places = subprocess.run(["apt-get", "indextargets", "--format",
                                 "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                                check=True, stdout=subprocess.PIPE).stdout.decode()
        with open(os.path.join(folder, "sources.list"), "w") as f:
            f.writelines(f"deb-src {line}\n" for line in sorted(set(places.splitlines())))
        options = ["-o", f"Dir::Etc::sourcelist={f.name}", "-o", "Dir::Etc::sourceparts=/dev/null",
                   "-o", f"Dir::State::lists={lists}/"]
        note(f"apt: downloading the source of {name}")
        self.run(*options, "update")
        self.run(*options, "source", "--download-only", name, archives=folder)
        found = [f for f in os.listdir(folder) if f.startswith(name + "_") and f.endswith(".dsc")]
        if not found:
            raise PackageError(f"apt did not deliver the source of {name}")
        return os.path.join(folder, sorted(found)[-1])

    def or_update(self, get: Callable[[], _T]) -> _T:
        """get(); when the host's package lists are missing or too old for it, once
        more with lists of our own, which needs no root."""
        try:
            return get()
        except PackageError as e:
            note(f"apt: {str(e).splitlines()[-1]}\napt: trying again with fresh package lists")
        self.own_lists = True
        self.run("update")
        return get()


def deb_tar(path: str) -> tarfile.TarFile:
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True,
                          stdout=subprocess.PIPE).stdout
    return tarfile.open(fileobj=io.BytesIO(data))


def deb_to_archive(tar: tarfile.TarFile, w: mkinitrd.Writer, seen_dirs: Dict[str, bool]) -> None:
    """All members of one package. A tar's hard link names an earlier member, newc
    wants all names of a file together, so files wait until their links are known."""
    members = [m for m in tar.getmembers() if not LEFT_OUT.match(mkinitrd.guest_path(m.name))]
    names: Dict[str, List[str]] = {}
    for m in members:
        if m.islnk():
            names.setdefault(mkinitrd.guest_path(m.linkname), []).append(m.name)
    for m in members:
        path = mkinitrd.guest_path(m.name)
        kw = {"mtime": int(m.mtime), "uid": m.uid, "gid": m.gid}
        if m.isdir():
            # /bin and the like are links in the image; other folders are made once.
            if path != "." and path not in mkinitrd.MERGED and path not in seen_dirs:
                seen_dirs[path] = True
                w.dir(path, m.mode, **kw)
        elif m.issym():
            if path not in mkinitrd.MERGED:
                w.symlink(path, m.linkname, **kw)
        elif m.isfile():
            body = tar.extractfile(m)
            assert body is not None
            if path in names:
                w.hardlinks([m.name, *names[path]], body.read(), m.mode, **kw)
            else:
                w.file(path, body.read(), m.mode, **kw)
        elif not m.islnk():
            note(f"package: {m.name}: a device or FIFO, left out")


def archive_name(names: Sequence[str]) -> str:
    joined = "+".join(sorted(set(names)))
    if len(joined) > 100:
        joined = joined[:80] + "-" + hashlib.sha256(joined.encode()).hexdigest()[:12]
    return os.path.join(PKG, joined.replace("=", "_") + ".cpio")


def archive(names: Sequence[str]) -> str:
    """The path of an archive with these packages; made when it is not there yet."""
    for name in names:
        if not NAME.fullmatch(name):
            raise PackageError(f"'{name}' is not a package name")
    path = archive_name(names)
    if os.path.exists(path):
        return path
    apt = Apt()
    debs = apt.or_update(lambda: apt.fetch(names))
    note(f"package: unpacking {len(debs)} packages")
    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "wb") as out:
            w = mkinitrd.Writer(out)
            seen: Dict[str, bool] = {}
            for deb in debs:
                with deb_tar(deb) as tar:
                    deb_to_archive(tar, w, seen)
            w.finish()
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)
    return path


def own_deb(name: str) -> str:
    apt = Apt()
    return apt.or_update(lambda: apt.fetch_one(name))


def one_file(name: str, wanted: str, output: str) -> None:
    """`wanted` (either spelling of /bin or /usr/bin) out of package `name`."""
    wanted = mkinitrd.guest_path(wanted)
    with deb_tar(own_deb(name)) as tar:
        for m in tar.getmembers():
            if m.isfile() and mkinitrd.guest_path(m.name) == wanted:
                body = tar.extractfile(m)
                assert body is not None
                os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
                with open(output + ".part", "wb") as out:
                    out.write(body.read())
                os.chmod(output + ".part", m.mode)
                os.replace(output + ".part", output)
                return
    raise PackageError(f"{name} has no file {wanted}")


def fail(text: str) -> NoReturn:
    sys.exit(f"package: {text}")


def main() -> None:
    p = argparse.ArgumentParser(description="Debian packages as an archive for the image")
    p.add_argument("--file", metavar="PATH")
    p.add_argument("--unpack", metavar="DIR")
    p.add_argument("-o", "--output", metavar="OUT")
    p.add_argument("name", nargs="+")
    a = p.parse_args()
    try:
        if a.file:
            if not a.output or len(a.name) != 1:
                p.error("--file wants -o OUT and one package")
            one_file(a.name[0], a.file, a.output)
        elif a.unpack:
            for name in a.name:
                subprocess.run(["dpkg-deb", "-x", own_deb(name), a.unpack], check=True)
        else:
            print(archive(a.name))
    except PackageError as e:
        fail(str(e))
    except (OSError, subprocess.CalledProcessError, tarfile.TarError) as e:
        fail(f"{type(e).__name__}: {e}")


if __name__ == "__main__":
    main()
