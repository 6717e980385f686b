#!/usr/bin/env python3
"""A history service: it writes every event of a madang server once into its own SQLite file.

It uses the standard library only. It creates a subscription, claims events, writes each batch in
one transaction with the id of the event as the primary key, and acknowledges the batch after that.
An event that comes again, because an acknowledgement was lost, changes nothing in the file.

It may run several times side by side with the same file. It may be stopped at any moment and
started again: the server keeps the position.

    examples/history.py --server http://127.0.0.1:8080 --file history.sqlite
    HISTORY_TOKEN=... examples/history.py --server https://taxi.example

With a configured identity, the variable HISTORY_TOKEN holds the bearer token.
"""

import argparse
import http.client
import json
import os
import signal
import sqlite3
import sys
import time
import urllib.parse

TABLE = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    time TEXT NOT NULL,
    version INTEGER NOT NULL,
    correlation TEXT NOT NULL,
    data TEXT
)
"""

INSERT = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"

# The pause after a failure, in seconds.
RETRY_PAUSE_S = 1.0


class Unavailable(Exception):
    """The server cannot answer now."""


class Refused(Exception):
    """The server refused the request."""

    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem.get('detail', problem)}")
        self.status = status
        self.kind = problem.get("type", "")


class Server:
    """One connection to the server, which is opened again when it is lost."""

    def __init__(self, address, token):
        self.address = urllib.parse.urlsplit(address)
        self.token = token
        self.connection = None

    def send(self, method, path, body):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            if self.connection is None:
                is_tls = self.address.scheme == "https"
                kind = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
                self.connection = kind(self.address.hostname, self.address.port, timeout=60)
            self.connection.request(method, path, json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(str(error)) from error
        answer = json.loads(text) if text else {}
        if response.status >= 500 or response.status == 429:
            raise Unavailable(answer.get("detail", str(response.status)))
        if response.status >= 400:
            raise Refused(response.status, answer)
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def row(event):
    """The row of an event."""
    data = json.dumps(event["data"]) if "data" in event else None
    return (
        event["id"],
        event["source"],
        event["type"],
        event["time"],
        event["aggregateversion"],
        event["correlation"],
        data,
    )


def write(store, events):
    """Writes events in one transaction, and returns how many are new."""
    with store:
        before = store.total_changes
        store.executemany(INSERT, [row(event) for event in events])
        return store.total_changes - before


def step(server, store, options):
    """Claims, writes and acknowledges one batch; returns the numbers of its and of new events."""
    path = f"/events/subscriptions/{options.name}"
    wish = {
        "batch": options.batch,
        "leaseMs": options.lease_ms,
        "waitMs": 0 if options.once else options.wait_ms,
        "consumer": f"history {os.getpid()}",
    }
    claim = server.send("POST", f"{path}/claim", wish)
    events = claim["events"]
    if not events:
        return 0, 0
    new = write(store, events)
    try:
        server.send("POST", f"{path}/ack", {"lease": claim["lease"]})
    except Refused as refused:
        if not refused.kind.endswith("/lease-lost"):
            raise
        # Another consumer gets the events again. They are in the file already.
        print("the lease was lost after the events were written", file=sys.stderr)
    return len(events), new


def subscribe(server, options):
    """Creates the subscription; does nothing when it exists."""
    query = urllib.parse.parse_qs(options.filter, strict_parsing=bool(options.filter))
    filter = {name: values[-1] for name, values in query.items()}
    for name in ("number", "correlation"):
        if name in filter:
            filter[name] = int(filter[name])
    if "type" in filter:
        filter["type"] = filter["type"].split(",")
    terms = {"start": options.start, "filter": filter}
    server.send("PUT", f"/events/subscriptions/{options.name}", terms)


def run(options):
    """Runs until it is stopped, or with `--once` until no event is left."""
    stopping = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.append(True))
    server = Server(options.server, os.environ.get("HISTORY_TOKEN"))
    store = sqlite3.connect(options.file, timeout=60)
    store.execute("PRAGMA journal_mode = WAL")
    with store:
        store.execute(TABLE)
    is_subscribed, written, begun = False, 0, time.monotonic()
    while not stopping:
        try:
            if not is_subscribed:
                subscribe(server, options)
                is_subscribed = True
            events, new = step(server, store, options)
        except Unavailable as unavailable:
            print(f"the server does not answer: {unavailable}", file=sys.stderr)
            time.sleep(RETRY_PAUSE_S)
            continue
        written += new
        if events and options.verbose:
            print(f"{events} events, {new} of them new", flush=True)
        if options.once and not events:
            break
    store.close()
    server.close()
    if options.verbose:
        print(f"{written} events written in {time.monotonic() - begun:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", default="http://127.0.0.1:8080", help="address of the server")
    parser.add_argument("--name", default="history", help="name of the subscription")
    parser.add_argument("--file", default="history.sqlite", help="the SQLite file")
    parser.add_argument("--filter", default="", help="such as business=taxi&type=Called,Paid")
    parser.add_argument("--start", default="beginning", help="beginning, now, or a position")
    parser.add_argument("--batch", type=int, default=500, help="events of one claim, at most 1000")
    parser.add_argument("--lease-ms", type=int, default=30_000, help="lease of a claim")
    parser.add_argument("--wait-ms", type=int, default=10_000, help="wait of a claim for events")
    parser.add_argument("--once", action="store_true", help="stop when no event is left")
    parser.add_argument("--verbose", action="store_true", help="tell what is written")
    try:
        run(parser.parse_args())
    except (Refused, ValueError) as error:
        sys.exit(f"history: {error}")


if __name__ == "__main__":
    main()
