"""The time from an order to a reader of its row, at half of the peak of orders."""

import asyncio
import json
import statistics

from filling import Filling
from load import Flaw

CONNECTIONS, CONNECTIONS_AT_HALF = 256, 128
PEAK_S, CALIBRATED_S, SAMPLED_S = 5, 2, 20
# Sampled orders a second, each due at a fixed time, whatever the others take.
SAMPLES_PER_S = 100
# A row that is not shown as paid within this time fails the measurement.
SHOWN_WITHIN_S = 10
ORDER = json.dumps({"orderType": "basic", "name": "Jung"}).encode()


class Client:
    """One connection with the part of HTTP/1.1 that the server uses."""

    def __init__(self, address):
        self.address, self.streams = address, None

    async def send(self, head, body=b""):
        """Sends a request; returns status, headers and JSON of the answer."""
        if self.streams is None:
            host, port = self.address.split(":")
            self.streams = await asyncio.open_connection(host, int(port))
        reader, writer = self.streams
        lines = [head, f"host: {self.address}", f"content-length: {len(body)}"]
        if body:
            lines.append("content-type: application/json")
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in
                   (line.partition(": ") for line in lines[1:]) if name}
        text = await reader.readexactly(int(headers["content-length"]))
        return int(lines[0].split(" ")[1]), headers, json.loads(text)

    def close(self):
        if self.streams:
            self.streams[1].close()


class Sampler:
    """Orders at fixed times, each followed by a reader of its row."""

    def __init__(self, address):
        self.address, self.free, self.all = address, [], []
        # For each order, the time in ms until its answer, and until its row was read.
        self.times = []
        self.refused = 0

    async def run(self, seconds):
        loop, tasks = asyncio.get_running_loop(), []
        begun = loop.time()
        for nth in range(int(seconds * SAMPLES_PER_S)):
            await asyncio.sleep(max(begun + nth / SAMPLES_PER_S - loop.time(), 0))
            tasks.append(asyncio.create_task(self.sample(loop)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for client in self.all:
                client.close()

    async def sample(self, loop):
        """Orders, and then asks the view for the row. The view waits for the position of the answer
        to the order; a row that is not paid at that position is asked for again."""
        client = self.free.pop() if self.free else Client(self.address)
        if client not in self.all:
            self.all.append(client)
        begun = loop.time()
        status, headers, _ = await client.send("POST /taxi/orders HTTP/1.1", ORDER)
        answered = loop.time()
        if status not in (201, 202):
            self.refused += 1
            return self.free.append(client)
        path = headers["location"].replace("/orders/", "/mypages/")
        line = f"GET {path}?at-least={headers['x-madang-position']} HTTP/1.1"
        while True:
            status, _, row = await client.send(line)
            if status == 200 and row["paymentStatus"] == "Approved" and row["status"] == "Paid":
                break
            if loop.time() > begun + SHOWN_WITHIN_S:
                raise Flaw(f"{path}: {status} {row}")
        self.times.append(((answered - begun) * 1_000, (loop.time() - begun) * 1_000))
        self.free.append(client)


def reader(run):
    """Orders at half of the peak by wrk, whose connections pause for a random time before each
    request, and orders of the sampler beside them."""
    with run.house("reader") as house:
        load = Filling(house)
        peak = load.run("order", CONNECTIONS, PEAK_S)["rate"]
        house.settle()
        pause_ms = paused(load, peak)
        size = (2, CONNECTIONS_AT_HALF, SAMPLED_S + 2)
        wrk = load.start("order", size, PAUSE_MS=f"{pause_ms:.2f}")
        sampler = Sampler(house.address)
        try:
            asyncio.run(delayed(sampler))
        finally:
            report = load.finish(wrk, "order", CONNECTIONS_AT_HALF)
        house.settle()
        count_orders(house, load, len(sampler.times))
        rate = report["rate"] + SAMPLES_PER_S
        what = f"order → saga → view → reader at {rate / peak:.2f} of the peak of {peak:,.0f}/s"
        shown = [shown for _, shown in sampler.times]
        whole = f"{what}: from sending the order to its paid row"
        run.figure(f"{whole}, p99", percentile(99, shown), "ms", "≤ 10")
        run.figure(f"{whole}, p50", percentile(50, shown), "ms")
        answered = [answered for answered, _ in sampler.times]
        run.figure(f"{what}: the answer to the order alone, p99", percentile(99, answered), "ms")
        beyond = [shown - answered for answered, shown in sampler.times]
        run.figure(f"{what}: from that answer to the row, p99", percentile(99, beyond), "ms")
        share = sampler.refused / (sampler.refused + len(sampler.times)) * 100
        run.figure(f"{what}: orders that were refused", share, "%")


def paused(load, peak):
    """The mean pause with which half of the peak is reached, found by a short load."""
    connections = CONNECTIONS_AT_HALF
    at_half = connections / (peak / 2 - SAMPLES_PER_S) * 1_000
    first = 0.75 * at_half
    rate = load.run("order", connections, CALIBRATED_S, pause_ms=first)["rate"]
    answered_ms = connections / rate * 1_000 - first
    return max(at_half - answered_ms, 0)


async def delayed(sampler):
    # The other load is in full swing after a second.
    await asyncio.sleep(1)
    await sampler.run(SAMPLED_S)


def count_orders(house, load, sampled):
    stored, least = house.total("orders"), load.acknowledged["order"] + sampled
    if not least <= stored <= least + load.unanswered["order"]:
        raise Flaw(f"{stored} orders are stored, {least} were acknowledged")


def percentile(percent, values):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
