"""What the comparison needs from the system: programs, binaries, folders and a test of the disk."""

import glob
import os
import pwd
import shutil
import statistics
import subprocess
import tempfile
import time

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TARGET = os.environ.get("CARGO_TARGET_DIR") or os.path.join(REPOSITORY, "target")
PEERS = os.path.join(REPOSITORY, "benches", "compare", "peers", "Cargo.toml")


def postgres_program(name):
    """The path of a program of the newest PostgreSQL, or None."""
    found = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    return max(found, key=lambda path: int(path.split("/")[4]), default=shutil.which(name))


def install(names):
    """Installs what these peers and wrk need and what is not there, with Debian's packages."""
    needed = {"wrk": shutil.which("wrk")}
    if "redis" in names:
        needed["redis-server"] = shutil.which("redis-server")
    if "postgres" in names:
        needed["postgresql"] = postgres_program("initdb")
    missing = [package for package, path in needed.items() if not path]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise SystemExit(f"not installed: {', '.join(missing)}")
    apt_get = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if os.getuid() != 0:
        apt_get.insert(0, "sudo")
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    print(f"installing {', '.join(missing)}", flush=True)
    subprocess.run([*apt_get, "update", "-qq"], **quiet)
    options = ["-y", "-qq", "--no-install-recommends"]
    subprocess.run([*apt_get, "install", *options, *missing], **quiet)


def build(names, madang, peers=None):
    """Builds the peers unless their folder is given, and madang unless it is given; returns the path
    of madang."""
    command = ["cargo", "build", "--target-dir", TARGET]
    binaries = [f"--bin=peer-{name}" for name in names if name != "madang"]
    if binaries and peers is None:
        of_peers = ["--release", "--locked", "--manifest-path", PEERS, *binaries]
        subprocess.run([*command, *of_peers], check=True, cwd=REPOSITORY)
    if madang is None and "madang" in names:
        subprocess.run([*command, "--profile", "dist", "--bin", "madang"], check=True, cwd=REPOSITORY)
    return madang or os.path.join(TARGET, "dist", "madang")


def peer(name, folder=None):
    return os.path.join(folder or os.path.join(TARGET, "release"), f"peer-{name}")


def server_user():
    """The user that runs PostgreSQL, which refuses to be run by root; None for the present one."""
    return None if os.getuid() else pwd.getpwnam("postgres")


def as_user(user):
    """The arguments of subprocess that run a program as this user."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def open_folder(parent, user):
    """A new folder for all data, on the disk of the repository unless another one is given."""
    os.makedirs(parent, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="compare-", dir=parent)
    os.chmod(folder, 0o711)
    reaches = subprocess.run(["test", "-x", folder], cwd="/", check=False, **as_user(user))
    if reaches.returncode != 0:
        shutil.rmtree(folder)
        raise SystemExit(f"PostgreSQL, run by {user.pw_name}, cannot enter {parent}: use --data")
    return folder


def sync_times(folder, grows, count=400):
    """The median of one write of 256 bytes with fdatasync, in ms: at the end of a file that grows,
    or within a file that was filled with zeros."""
    path, times = os.path.join(folder, "sync"), []
    with open(path, "wb", buffering=0) as file:
        if not grows:
            file.write(bytes(256 * count))
            os.fsync(file.fileno())
            file.seek(0)
        for _ in range(count):
            begun = time.perf_counter()
            file.write(b"x" * 256)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    os.remove(path)
    return statistics.median(times) * 1_000


def machine():
    """One line about the machine."""
    with open("/proc/cpuinfo") as info:
        model = next((line.split(": ")[1].strip() for line in info if "model name" in line), "?")
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) / (1 << 20)
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {time.strftime('%Y-%m-%d')}"
