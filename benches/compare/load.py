"""One measurement: loads a server with one kind of work, and checks what it has stored."""

import collections
import json
import os
import subprocess

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "requests.lua")
WORKS = {
    "create": "create one aggregate",
    "order": "order + payment",
    "hot": "one hot aggregate",
    "read": "read one at random",
}
# What an acknowledged request of a work has stored.
STORES = {"create": ["taxis"], "order": ["orders", "payments"], "hot": ["restocks"], "read": []}


class Flaw(Exception):
    """A server has not stored what it acknowledged, or stored what was not sent."""


class Load:
    """The requests that one server got, and how many of them it acknowledged."""

    def __init__(self, server, rows):
        self.server, self.rows = server, rows
        self.acknowledged = collections.Counter()
        # Requests whose answer was not awaited: they may be stored.
        self.unanswered = collections.Counter()

    def run(self, work, connections, seconds, seed=1, pause_ms=0.0):
        """Runs wrk; returns its report with `acknowledged` and `rate` per second."""
        threads = min(connections, os.cpu_count(), 2)
        variables = {"SEED": seed, "PAUSE_MS": f"{pause_ms:.2f}"}
        wrk = self.start(work, (threads, connections, seconds), **variables)
        return self.finish(wrk, work, connections)

    def start(self, work, size, **variables):
        """Starts wrk with (threads, connections, seconds) and these variables of its script."""
        threads, connections, seconds = size
        variables = {"WORK": work, "THREADS": threads, "ROWS": self.rows, **variables}
        environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                   "-s", SCRIPT, f"http://{self.server.address}"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)

    def finish(self, wrk, work, connections):
        """Waits for the end of wrk; returns its report, as `run` does."""
        try:
            output, errors = wrk.communicate()
        finally:
            wrk.kill()
        if wrk.returncode != 0:
            raise SystemExit(f"wrk: {errors}")
        report = json.loads(output.strip().splitlines()[-1])
        report["acknowledged"] = report["requests"] - report["failed"]
        report["rate"] = report["acknowledged"] * 1e6 / report["us"]
        self.acknowledged[work] += report["acknowledged"]
        self.unanswered[work] += connections + report["failed"] + report["broken"]
        return report

    def prepare(self, work):
        """Creates what the work needs, outside of the measurement."""
        needed = {"hot": 1, "read": self.rows}.get(work, 0)
        while self.acknowledged["create"] < needed:
            connections = 1 if needed == 1 else 64
            if self.run("create", connections, 1)["acknowledged"] == 0:
                raise SystemExit(f"{type(self.server).__name__} creates nothing")

    def measure(self, work, connections, seconds, seed, peak=None):
        """Measures one work with so many connections; what follows from the requests counts. With
        a `peak` rate, the connections pause so that about half of it is reached."""
        # All together have `connections / peak` s for a request at the peak. At half of it they
        # have twice that time, and wait for a shorter part of it.
        pause_ms = 1.5 * connections / peak * 1_000 if peak else 0.0
        self.server.settle()
        before, _ = self.server.usage()
        report = self.run(work, connections, seconds, seed, pause_ms)
        self.server.settle()
        after, memory = self.server.usage()
        report["cpu_us"] = (after - before) * 1e6 / max(report["acknowledged"], 1)
        report["memory_mib"] = memory
        return report

    def check(self):
        """Kills the server, starts it again, and compares what it has with the answers."""
        self.server.kill()
        self.server.launch()
        self.server.settle()
        stored = self.server.stored()
        for work, names in STORES.items():
            least = self.acknowledged[work]
            most = least + self.unanswered[work]
            for name in names:
                if not least <= stored[name] <= most:
                    kind = type(self.server).__name__
                    raise Flaw(f"{kind}: {stored[name]} {name} are stored, {least} were "
                               f"acknowledged, and at most {most} were sent")
        return stored
