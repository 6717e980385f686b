#!/usr/bin/env python3
"""Measures what one table of rates does not show: memory, starts, activations, growth, views.

    benches/growth.py                               # every part, about 20 minutes
    benches/growth.py --only memory idle            # some parts; the others keep their figures
    benches/growth.py --size 10000 --events 100000 --no-docs   # a first look
    benches/growth.py --binary target/dist/madang --build "dist build of this commit"

Each part starts servers of its own on 127.0.0.1, with ports from the system and data in a folder
below `target`, which is deleted after the part. It prints each figure beside its aim, and writes
all parts that were measured so far into docs/performance.md. What is stored after each load is
compared with what was acknowledged. It needs wrk; `reads` compares with Redis when that is
installed.

    memory      resident memory after 1,000,000 creates
    start       time until the server is ready, with 1,000,000 aggregates, after a stop and a kill
    activation  what it costs to activate an aggregate of 100 events
    growth      cost per create and per activation, and bytes per event, up to 10,000,000 events
    reads       reads at random of 1,000,000, beside a bare echo and Redis
    reader      time from an order to the reader of its row, at half of the peak
    idle        processor time without requests
    views       time to build all views of 1,000,000 records again, and to verify them
"""

import argparse
import contextlib
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
# The functions of the comparison are used here as well.
sys.path[:0] = [os.path.join(HERE, "compare"), os.path.join(HERE, "growth")]

import figures
import parts
import report
import tools
from house import House
from load import Flaw
from reader import reader
from steps import growth

DOCUMENT = os.path.join(tools.REPOSITORY, "docs", "performance.md")
PARTS = {
    "memory": parts.memory, "start": parts.start, "activation": parts.activation,
    "growth": growth, "reads": parts.reads, "reader": reader, "idle": parts.idle,
    "views": parts.views,
}


class Run:
    """One part that is measured: its options, its folder and its figures."""

    def __init__(self, name, options):
        self.name, self.options = name, options
        self.figures, self.steps = [], []

    def measure(self):
        """Measures the part in a folder that is deleted afterwards; returns its result."""
        self.folder = tools.open_folder(self.options.data or tools.TARGET, None)
        print(f"{self.name}:", flush=True)
        try:
            PARTS[self.name](self)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return {"figures": self.figures, "steps": self.steps, "size": self.options.size,
                "machine": tools.machine(), "build": self.options.build}

    @contextlib.contextmanager
    def house(self, name, settings=()):
        """A new server without data. It is stopped and its data is deleted at the end."""
        house = House(os.path.join(self.folder, name), self.options.binary, settings)
        try:
            house.start()
            yield house
        finally:
            house.stop()
            house.remove()

    def figure(self, what, reached, unit, aim=None):
        """Notes a figure, with its aim such as `≤ 10` in the same unit."""
        figure = {"what": what, "reached": reached, "unit": unit, "aim": aim}
        self.figures.append(figure)
        print("  " + "; ".join(text for text in figures.line(figure, True) if text), flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--size", type=int, default=figures.SIZE, help="aggregates, and records")
    parser.add_argument("--events", type=int, default=figures.EVENTS,
                        help="the last step of growth")
    parser.add_argument("--seconds", type=int, default=3, help="of each load with a fixed time")
    parser.add_argument("--binary", help="a binary that is built already")
    parser.add_argument("--peers-from", help="a folder with peers that are built already")
    parser.add_argument("--build", default="build with the profile `dist`",
                        help="what the report says of the binary")
    parser.add_argument("--data", help="a folder for the data, on the disk to measure")
    parser.add_argument("--report", action="store_true",
                        help="report what was measured before; measure nothing")
    parser.add_argument("--no-docs", action="store_true", help="print the report only")
    parser.add_argument("--results", default=os.path.join(tools.TARGET, "growth.json"),
                        help="where the figures of all parts are kept")
    return parser.parse_args()


def measure(options, measured):
    """Measures the chosen parts, and keeps the figures of each."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt-get install wrk")
    # Servers are stopped as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.binary = tools.build(["madang"], options.binary)
    for name in options.only:
        try:
            measured[name] = Run(name, options).measure()
        except Flaw as flaw:
            raise SystemExit(f"{name}: {flaw}") from None
        figures.store(options.results, measured)


def main():
    options = arguments()
    measured = figures.load(options.results)
    if not options.report:
        measure(options, measured)
    ordered = {name: measured[name] for name in PARTS if name in measured}
    text = figures.report(ordered)
    print(f"\n{text}")
    if not options.no_docs:
        report.write_into(DOCUMENT, text, (figures.START, figures.END))


if __name__ == "__main__":
    main()
