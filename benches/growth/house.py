"""madang under measurement: settings, start and stop, memory, processor time and files."""

import http.client
import os
import re
import shutil
import subprocess
import time

from servers import LOOK_EVERY_S, TICKS, Madang

# A server is at rest when it has used less than this part of a core for `REST_S`.
REST_PART, REST_S = 0.1, 0.5
# The longest time to wait for what follows from a load, or from a start.
SETTLED_WITHIN_S = 600


class House(Madang):
    """One server with settings such as `{"actors.instances_max": 64}`."""

    def __init__(self, folder, binary, settings=()):
        super().__init__(folder, binary)
        self.set(dict(settings))

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def pid(self):
        return self.processes[-1].pid

    def set(self, settings):
        """Gives it other settings, from the next start on."""
        self.environment = {f"MADANG_{key.upper().replace('.', '__')}": str(value)
                            for key, value in settings.items()}

    def start_timed(self):
        """Starts it with the data that it has; returns the time until it is ready, in s."""
        begun = time.monotonic()
        self.launch()
        while not self.is_ready():
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - begun

    def is_ready(self):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request("GET", "/actuator/health/readiness")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def health(self):
        return self.get("/actuator/health")[1]["components"]

    def records(self):
        """The durable records of the journal."""
        return int(self.health()["journal"]["details"]["durable"])

    def has_caught_up(self):
        """Whether all subscribers are at the end of the journal, and all views can be read."""
        details = [part["details"] for part in self.health().values()]
        return all(part.get("behind", "0") == "0" and part.get("underWay", "0") == "0"
                   and "rebuildPercent" not in part and "checkedPercent" not in part
                   for part in details)

    def catch_up(self):
        """Waits until all has caught up; returns the time that it took, in s."""
        begun = time.monotonic()
        while not self.has_caught_up():
            if time.monotonic() > begun + SETTLED_WITHIN_S:
                raise SystemExit(f"not settled: {self.health()}")
            time.sleep(LOOK_EVERY_S * 4)
        return time.monotonic() - begun

    def settle(self):
        """Waits until all has caught up, and what the server writes later is written."""
        self.catch_up()
        spent = self.spent()
        for _ in range(int(SETTLED_WITHIN_S / REST_S)):
            time.sleep(REST_S)
            before, spent = spent, self.spent()
            if spent - before < REST_PART * REST_S:
                return
        raise SystemExit("the server does not come to rest")

    def spent(self):
        """The processor time of the process so far, in s."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mib(self, field):
        """The resident memory in MiB: `VmRSS` is now, `VmHWM` the most so far."""
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(rf"^{field}:\s+(\d+)", status.read(), re.M).group(1)) / 1024

    def metric(self, name):
        """The sum of all series of a metric."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        series = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.M)
        return sum(float(value) for value in series)

    def bytes_on_disk(self):
        """The bytes of the journal, of the write-ahead log in its folder, and of the views."""
        total = {"journal": 0, "log": 0, "views": 0}
        for folder in ("journal", "views"):
            for place, _, files in os.walk(os.path.join(self.data, folder)):
                for file in files:
                    part = "log" if file.startswith("wal.") else folder
                    total[part] += os.stat(os.path.join(place, file)).st_blocks * 512
        return total

    def copy(self, folder):
        """A stopped server with a copy of its data."""
        sockets = shutil.ignore_patterns("*.sock")
        shutil.copytree(self.data, os.path.join(folder, "data"), ignore=sockets)
        return House(folder, self.binary)

    def verify(self):
        """Runs `madang verify` on the stopped data; returns the time in s and the last line."""
        begun = time.monotonic()
        command = [self.binary, "verify", "--data", self.data]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"verify: {result.stdout[-2000:]}{result.stderr[-2000:]}")
        return time.monotonic() - begun, result.stdout.strip().splitlines()[-1]
