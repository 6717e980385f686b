"""The servers that are compared: how each is started, stopped, killed, observed and counted."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time

import tools

TICKS = os.sysconf("SC_CLK_TCK")
WAIT_S = 60
# The pause between two looks at a server that starts.
LOOK_EVERY_S = 0.005


class Server:
    """A server in a folder of its own. `processes` are the roots of its processes."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.processes, self.address = [], None
        # Variables of the process besides those of this one.
        self.environment = {}

    def start(self):
        """Starts it without any data."""
        os.makedirs(self.folder)
        self.launch()

    def launch(self):
        """Starts it with the data that it has."""
        self.run([self.binary, *self.arguments()])

    def arguments(self):
        return []

    def run(self, command):
        """Starts the program that listens, and waits for its address."""
        path = os.path.join(self.folder, "output")
        with open(path, "wb") as output:
            environment = {**os.environ, **self.environment}
            server = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        self.processes.append(server)
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end and server.poll() is None:
            with open(path) as output:
                found = re.search(r"127\.0\.0\.1:(\d+)", output.read())
            if found:
                self.address = found.group(0)
                return
            time.sleep(LOOK_EVERY_S)
        raise SystemExit(f"{command[0]} did not start; see {path}")

    def stop(self, with_signal=signal.SIGTERM):
        """Stops the processes, the last one started first."""
        for process in reversed(self.processes):
            process.send_signal(with_signal)
            process.wait()
        self.processes = []

    def kill(self):
        """Kills it, without a chance to write anything."""
        self.stop(signal.SIGKILL)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path):
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_S)
        connection.request("GET", path)
        response = connection.getresponse()
        body = json.loads(response.read() or b"null")
        connection.close()
        if response.status != 200:
            raise SystemExit(f"{type(self).__name__}: GET {path}: {response.status} {body}")
        return response.headers, body

    def stored(self):
        """How many taxis, orders, payments and restocks of taxi 1 are stored."""
        return self.get("/stored")[1]

    def settle(self):
        """Waits for what the server does after its answers."""
        time.sleep(0.2)

    def usage(self):
        """The processor time so far in s, and the memory in MiB, of all processes. Pages that
        processes share are counted once (PSS)."""
        spent, memory = 0, 0
        for pid in family([process.pid for process in self.processes]):
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    memory += int(re.search(r"^Pss: +(\d+)", rollup.read(), re.M).group(1))
            except (FileNotFoundError, ProcessLookupError):
                continue
            spent += sum(int(field) for field in fields[11:15])
        return spent / TICKS, memory / 1024


def family(roots):
    """These processes and all below them."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], list(roots)
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


class Echo(Server):
    pass


class File(Server):
    def arguments(self):
        return ["--data", self.folder]


class Redis(Server):
    """Redis with an append-only file that is synced before each answer, and its peer."""

    def __init__(self, folder, binary, sockets):
        super().__init__(folder, binary)
        self.socket = os.path.join(sockets, "redis.sock")

    def launch(self):
        settings = {
            "port": "0", "unixsocket": self.socket, "dir": self.folder, "save": "",
            "appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no",
            # No rewrite of the file during the measurement.
            "auto-aof-rewrite-percentage": "0",
            "logfile": os.path.join(self.folder, "redis.log"),
        }
        command = ["redis-server"]
        for name, value in settings.items():
            command += [f"--{name}", value]
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        ping = ["redis-cli", "-s", self.socket, "ping"]
        wait_until(lambda: b"PONG" in subprocess.run(ping, capture_output=True).stdout)
        super().launch()

    def arguments(self):
        return ["--socket", self.socket]


class Madang(Server):
    def arguments(self):
        return ["serve", "--listen", "127.0.0.1:0", "--data", os.path.join(self.folder, "data")]

    def total(self, name):
        return self.get(f"/taxi/{name}?size=1")[1]["page"]["totalElements"]

    def stored(self):
        taxis, orders, payments = [self.total(name) for name in ("taxis", "orders", "payments")]
        version = self.get("/taxi/taxis/1")[0]["ETag"].strip('"') if taxis else "1"
        return {
            "taxis": taxis, "orders": orders, "payments": payments, "restocks": int(version) - 1,
        }

    def settle(self):
        """Waits until sagas, ports and views are at the end of the journal, or for 10 s."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.2)
            parts = self.get("/actuator/health")[1]["components"].values()
            if all(part.get("details", {}).get("behind", "0") == "0" for part in parts):
                return


def wait_until(is_so):
    end = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit("a server did not become ready")
        time.sleep(LOOK_EVERY_S)
