#!/usr/bin/env python3
"""Measures a subscription over HTTP, and checks what consumers that are killed have processed.

    benches/subscriptions.py target/release/madang --events 100000

1. It orders taxis until the server has that many events.
2. One consumer claims and acknowledges all events, 1,000 at a time: events per second.
3. Three consumers share a second subscription, and one is killed every 2 s. Afterwards every event
   must have been processed, none acknowledged twice, and the events of each aggregate in order.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import multiprocessing
import os
import signal
import subprocess
import tempfile
import time

LEASE_MS = 2_000
KILL_EVERY_S = 2.0


class Client:
    def __init__(self, address):
        self.connection = http.client.HTTPConnection(*address, timeout=60)

    def send(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"null")


def serve(binary, data):
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", data]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if "127.0.0.1:" in line:
            port = line.split("127.0.0.1:")[1].split("/")[0].split()[0]
            return server, ("127.0.0.1", int(port.rstrip(".,")))
    raise SystemExit("the server did not start")


def lag(client, name):
    while True:
        status, shown = client.send("GET", f"/subscriptions/{name}")
        assert status == 200, shown
        if shown["lag"]["isExact"]:
            return shown["lag"]["events"]


def fill(address, events):
    """Orders taxis until there are that many events."""
    client = Client(address)
    client.send("PUT", "/subscriptions/count", {"start": "beginning"})

    def order(count):
        mine = Client(address)
        for _ in range(count):
            status, answer = mine.send("POST", "/taxi/orders", {"orderType": "basic", "name": "Kim"})
            assert status in (201, 202), answer

    begun, missing = time.monotonic(), events
    while missing > 0:
        count = max(1, min(missing, 20_000) // 8 // 16)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(order, [count] * 16))
        missing = events - lag(client, "count")
    # What follows from the last orders happens a little later.
    before = None
    while before != missing:
        time.sleep(1)
        before, missing = missing, events - lag(client, "count")
    client.send("DELETE", "/subscriptions/count")
    print(f"{events - missing} events after {time.monotonic() - begun:.0f} s", flush=True)
    return events - missing


def measure_one(address, batch):
    client, acknowledged = Client(address), 0
    client.send("PUT", "/subscriptions/one", {"start": "beginning"})
    begun = time.monotonic()
    while True:
        _, claim = client.send("POST", "/subscriptions/one/claim", {"batch": batch})
        if not claim["events"]:
            break
        status, done = client.send("POST", "/subscriptions/one/ack", {"lease": claim["lease"]})
        assert status == 200, done
        acknowledged += done["acknowledged"]
    took = time.monotonic() - begun
    print(f"one consumer, batches of {batch}: {acknowledged} events in {took:.2f} s, "
          f"{acknowledged / took:.0f} events/s", flush=True)


def consume(address, file, batch):
    """A consumer that writes down what it processes and what is acknowledged, until it is killed."""
    client = Client(address)
    with open(file, "a", buffering=1) as log:
        while True:
            wish = {"batch": batch, "leaseMs": LEASE_MS, "waitMs": 1_000}
            _, claim = client.send("POST", "/subscriptions/three/claim", wish)
            events = claim["events"]
            if not events:
                continue
            for event in events:
                at = time.monotonic_ns()
                log.write(f"p {at} {event['id']} {event['source']} {event['aggregateversion']}\n")
            ids = [event["id"] for event in events]
            body = {"lease": claim["lease"], "events": ids}
            status, done = client.send("POST", "/subscriptions/three/ack", body)
            if status == 200:
                assert done["acknowledged"] == len(ids), done
                at = time.monotonic_ns()
                log.write("".join(f"a {at} {id}\n" for id in ids))
            else:
                assert done["type"].endswith("/lease-lost"), done


def measure_three(address, folder, batch, events):
    client = Client(address)
    client.send("PUT", "/subscriptions/three", {"start": "beginning"})
    files = [os.path.join(folder, f"consumer-{nth}.log") for nth in range(3)]

    def start(nth):
        process = multiprocessing.Process(target=consume, args=(address, files[nth], batch))
        process.start()
        return process

    begun, kills = time.monotonic(), 0
    consumers = [start(nth) for nth in range(3)]
    while lag(client, "three") > 0:
        until = time.monotonic() + KILL_EVERY_S
        while time.monotonic() < until and lag(client, "three") > 0:
            time.sleep(0.1)
        nth = kills % 3
        os.kill(consumers[nth].pid, signal.SIGKILL)
        consumers[nth].join()
        consumers[nth] = start(nth)
        kills += 1
    took = time.monotonic() - begun
    for consumer in consumers:
        consumer.kill()
        consumer.join()
    check(files, events)
    print(f"three consumers, batches of {batch}, {kills} kills: {took:.1f} s", flush=True)


def check(files, expected):
    processed, acknowledged = [], collections.Counter()
    for file in files:
        with open(file) as log:
            for line in log.read().splitlines():
                parts = line.split(" ")
                if parts[0] == "p" and len(parts) == 5:
                    processed.append((int(parts[1]), parts[2], parts[3], int(parts[4])))
                elif parts[0] == "a" and len(parts) == 3:
                    acknowledged[parts[2]] += 1
    ids = {id for _, id, _, _ in processed}
    twice = [id for id, times in acknowledged.items() if times > 1]
    first = {}
    for at, id, source, version in sorted(processed):
        first.setdefault((source, version), at)
    late, last = 0, {}
    for (source, version), at in sorted(first.items(), key=lambda it: (it[0][0], it[0][1])):
        late += source in last and at < last[source]
        last[source] = at
    print(f"{len(ids)} of {expected} events processed, {len(processed) - len(ids)} of them again, "
          f"{len(twice)} acknowledged twice, {late} out of order", flush=True)
    assert len(ids) == expected and not twice and not late


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", help="the server")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=100, help="events of a claim of the three")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, address = serve(options.binary, os.path.join(folder, "data"))
        try:
            events = fill(address, options.events)
            measure_one(address, 1_000)
            measure_three(address, folder, options.batch, events)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
