#!/usr/bin/env python3
"""Compares madang with a bare echo, a file, Redis and PostgreSQL in one run on this machine.

    benches/compare/run.py                       # everything: 3 rounds, about 20 minutes
    benches/compare/run.py --rounds 1 --seconds 2 --no-docs
    benches/compare/run.py --peers echo redis madang --madang target/release/madang
    benches/compare/run.py --check               # our own rows only, as a tripwire

It installs wrk, Redis and PostgreSQL from Debian's packages if they are missing, builds the peers
and madang, and writes the tables and the plot into docs/performance.md. README.md beside this file
says what each peer does.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time

import check
import plot
import report
import servers
import tools
from load import STORES, WORKS, Flaw, Load
from postgres import Postgres

DOCUMENT = os.path.join(tools.REPOSITORY, "docs", "performance.md")
PLOT = os.path.join(tools.REPOSITORY, "docs", "performance", "compare.svg")


class Comparison:
    """A run: which servers, which works, and where the data is."""

    def __init__(self, options, folder, sockets, madang):
        self.options, self.folder, self.sockets, self.madang = options, folder, sockets, madang
        self.runs, self.checks, self.sync = [], [], {}

    def server(self, name):
        folder = os.path.join(self.folder, name)
        if name == "madang":
            return servers.Madang(folder, self.madang)
        kinds = {"echo": servers.Echo, "file": servers.File, "redis": servers.Redis,
                 "postgres": Postgres}
        place = [self.sockets] if name in ("redis", "postgres") else []
        return kinds[name](folder, tools.peer(name, self.options.peers_from), *place)

    def run(self):
        for nth in range(1, self.options.rounds + 1):
            for work in self.options.works:
                for name in self.options.peers:
                    if (name, work) != ("file", "read"):
                        self.measure(nth, work, name)

    def measure(self, nth, work, name):
        """One work on a server without data, with each number of connections."""
        server = self.server(name)
        server.start()
        try:
            load = Load(server, self.options.rows)
            load.prepare(work)
            for connections in self.options.connections:
                result = load.measure(work, connections, self.options.seconds, nth)
                self.note(nth, work, name, connections, result)
            if name == "madang":
                half = load.measure(work, connections, self.options.seconds, nth, result["rate"])
                self.note(nth, work, name, f"{connections} {report.AT_HALF}", half)
            if name != "echo":
                self.compare_stored(load, nth, work, name)
        finally:
            server.stop()
        server.remove()
        self.write()

    def write(self):
        """Writes all measurements so far."""
        os.makedirs(os.path.dirname(os.path.realpath(self.options.results)), exist_ok=True)
        with open(self.options.results, "w") as file:
            json.dump(self.results(), file, indent=1)

    def note(self, nth, work, name, connections, result):
        place = {"round": nth, "work": work, "peer": name, "connections": connections}
        self.runs.append({**place, **result})
        bad = result["failed"] + result["broken"]
        print(f"round {nth}, {work}, {name}, {connections}: {result['rate']:,.0f}/s, p50 "
              f"{result['p50'] / 1000:.2f} ms, p99 {result['p99'] / 1000:.1f} ms, "
              f"{result['cpu_us']:.1f} µs, {result['memory_mib']:.0f} MiB"
              + (f", {bad} not acknowledged" if bad else ""), flush=True)

    def compare_stored(self, load, nth, work, name):
        begun = time.monotonic()
        stored = load.check()
        counts = ", ".join(f"{count} {what}" for what, count in stored.items() if count)
        acknowledged = sum(count for done, count in load.acknowledged.items() if STORES[done])
        print(f"round {nth}, {work}, {name}: killed and started again, {counts}; "
              f"{acknowledged} acknowledged, all of them stored "
              f"({time.monotonic() - begun:.1f} s)", flush=True)
        self.checks.append({"round": nth, "work": work, "peer": name, "stored": stored,
                            "acknowledged": acknowledged})

    def results(self):
        options = self.options
        return {
            "machine": tools.machine(), "rounds": options.rounds, "seconds": options.seconds,
            "rows": options.rows, "peers": options.peers, "works": options.works,
            "connections": options.connections, "sync_ms": self.sync, "runs": self.runs,
            "checks": self.checks,
        }


def compare(options):
    tools.install(options.peers)
    madang = tools.build(options.peers, options.madang, options.peers_from)
    user = tools.server_user() if "postgres" in options.peers else None
    folder = tools.open_folder(options.data or tools.TARGET, user)
    # Paths of sockets are short, so they are not in the folder of the data.
    sockets = tempfile.mkdtemp(prefix="compare-")
    if user:
        os.chown(sockets, user.pw_uid, user.pw_gid)
    try:
        comparison = Comparison(options, folder, sockets, madang)
        comparison.sync = {"zeros": tools.sync_times(folder, grows=False),
                           "grows": tools.sync_times(folder, grows=True)}
        comparison.run()
    finally:
        shutil.rmtree(sockets)
        if not options.keep:
            shutil.rmtree(folder)
    return comparison.results()


def publish(data, options):
    """Prints the report; writes it and the plot into the documents, unless told otherwise."""
    results = report.Results(data)
    text = report.report(results)
    print(f"\n{text}")
    if not options.no_docs:
        report.write_into(DOCUMENT, text)
        os.makedirs(os.path.dirname(PLOT), exist_ok=True)
        with open(PLOT, "w") as file:
            file.write(plot.draw(results))


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rows", type=int, default=100_000, help="aggregates to read")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 64, 256])
    parser.add_argument("--peers", nargs="+", choices=report.TITLES, default=list(report.TITLES))
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--madang", help="a binary that is built already")
    parser.add_argument("--peers-from", help="a folder with peers that are built already")
    parser.add_argument("--data", help="a folder for the data, on the disk to measure")
    parser.add_argument("--keep", action="store_true", help="keep data and logs")
    parser.add_argument("--no-docs", action="store_true", help="print the report only")
    parser.add_argument("--results", default=os.path.join(tools.TARGET, "compare.json"),
                        help="where all measurements are written")
    parser.add_argument("--from", dest="source", help="report these results; measure nothing")
    parser.add_argument("--check", action="store_true",
                        help="compare our rows with the recorded ratios to the bare echo")
    parser.add_argument("--record", action="store_true", help="with --check: record the ratios")
    parser.add_argument("--echo", help="with --check: the binary of examples/echo.rs")
    return parser.parse_args()


def main():
    options = arguments()
    if options.check:
        sys.exit(check.check(options))
    if options.source:
        with open(options.source) as file:
            data = json.load(file)
    else:
        try:
            data = compare(options)
        except Flaw as flaw:
            raise SystemExit(f"{flaw}") from None
    publish(data, options)


if __name__ == "__main__":
    main()
