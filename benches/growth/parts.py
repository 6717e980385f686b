"""The parts that measure one store each: memory, start, activation, reads, idle, views."""

import argparse
import os
import shutil
import signal
import statistics
import time

import report as comparison_report
import run as comparison
from filling import Filling
from load import Flaw

# Starts of each kind; the median counts.
STARTS = 3
# The seconds of a load before the server is killed under it.
LOADED_S = 1.5
# The events of each aggregate that is activated.
EVENTS = 100
# Nothing is cached but the pages of the store, so each read activates its aggregate.
UNCACHED = {"actors.instances_max": 64, "actors.representations_bytes_max": 0}
IDLE_S = 30


def memory(run):
    """The resident memory of the server after so many creates."""
    size = run.options.size
    with run.house("memory") as house:
        Filling(house).create(size)
        house.settle()
        what = f"{size:,} creates, 256 connections: resident memory"
        run.figure(what, house.memory_mib("VmRSS"), "MiB", "≤ 250")
        run.figure(f"{what}, the most so far", house.memory_mib("VmHWM"), "MiB")


def start(run):
    """The time from the start of the process to a positive answer of the readiness probe."""
    size = run.options.size
    with run.house("created") as house:
        load = Filling(house)
        load.create(size)
        measure_starts(run, load, f"start with {size:,} aggregates of one event", stop, "≤ 0.5")
    with run.house("spread") as house:
        load = Filling(house)
        load.spread(size)
        load.finish_spread()
        what = f"start with {size:,} aggregates of three events"
        measure_starts(run, load, what, stop, "≤ 1")
        measure_starts(run, load, f"{what}, killed under load", kill, "≤ 3")


def measure_starts(run, load, what, end, aim):
    """Ends the server and starts it again, several times. Its records are counted each time."""
    house, ready, whole = load.server, [], []
    for _ in range(STARTS):
        least, most = end(load)
        ready.append(house.start_timed())
        whole.append(ready[-1] + house.catch_up())
        if not least <= house.records() <= most:
            raise Flaw(f"{house.records()} records after the start, not {least} to {most}")
    run.figure(f"{what}: ready", statistics.median(ready), "s", aim)
    run.figure(f"{what}: views checked and caught up", statistics.median(whole), "s")
    run.figure(f"{what}: resident memory then", house.memory_mib("VmRSS"), "MiB")


def stop(load):
    """Stops the server at rest; returns how many records it must have, and may have."""
    house = load.server
    house.settle()
    records = house.records()
    house.stop()
    return records, records


def kill(load):
    """Kills the server while connections create taxis; returns the same as `stop`."""
    house, connections = load.server, 64
    before = house.records()
    wrk = load.start("create", (1, connections, 60))
    try:
        time.sleep(LOADED_S)
        house.kill()
    finally:
        wrk.send_signal(signal.SIGINT)
    least = before + load.finish(wrk, "create", connections)["acknowledged"]
    return least, least + connections


def activation(run):
    """What a read costs that activates an aggregate of 100 events, beyond one of an active one."""
    rows = max(run.options.size // 500, 20 * UNCACHED["actors.instances_max"])
    from_events = {"actors.snapshot_every_events": 1_000_000}
    with run.house("activation", from_events) as house:
        load = Filling(house, rows)
        load.create(rows)
        load.walk(1, rows, EVENTS - 1)
        house.settle()
        house.stop()
        house.set({**from_events, **UNCACHED})
        house.launch()
        load.run("read", 1, 1)
        activations = house.metric("madang_aggregate_activations_total")
        cold = load.measure("read", 1, run.options.seconds, 2)
        activations = house.metric("madang_aggregate_activations_total") - activations
        if activations < 0.9 * cold["acknowledged"]:
            raise SystemExit(f"{cold['acknowledged']} reads, only {activations} activations")
        load.rows = 1
        active = load.measure("read", 1, run.options.seconds, 3)
        what = f"activation of {EVENTS} events, no snapshot"
        run.figure(f"{what}: p50 of one client, less that of a read of an active aggregate",
                   (cold["p50"] - active["p50"]) / 1_000, "ms", "≤ 0.2")
        run.figure(f"{what}: that whole read, p50", cold["p50"] / 1_000, "ms")
        run.figure(f"{what}: processor time, less that of a read of an active aggregate",
                   (cold["cpu_us"] - active["cpu_us"]) / 1_000, "ms")


def reads(run):
    """Reads at random in the same run as a bare echo and Redis, by the comparison beside this."""
    size, seconds = run.options.size, run.options.seconds
    peers = ["echo", "redis", "madang"]
    if not shutil.which("redis-server"):
        print("redis-server is missing: reads are not compared with Redis", flush=True)
        peers.remove("redis")
    data = comparison.compare(argparse.Namespace(
        peers=peers, works=["read"], connections=[64, 256], rounds=1, seconds=seconds, rows=size,
        madang=run.options.binary, peers_from=run.options.peers_from, data=run.folder, keep=False,
        results=os.path.join(run.folder, "reads.json")))
    results = comparison_report.Results(data)
    for connections in data["connections"]:
        what = f"reads at random of {size:,}, {connections} connections"
        run.figure(f"{what}: madang", results.median("madang", "read", connections, "rate"), "/s")
        p99 = results.median("madang", "read", connections, "p99")
        run.figure(f"{what}: madang, p99", p99 / 1_000, "ms")
        for peer in peers[:-1]:
            ratio = results.ratio("madang", peer, "read", connections)
            is_aim = (peer, connections) == ("redis", 256)
            title = comparison_report.TITLES[peer]
            run.figure(f"{what}: madang ÷ {title}", ratio, "", "≥ 0.95" if is_aim else None)


def idle(run):
    """The processor time of two servers without requests, one of them without data."""
    size = run.options.size
    with run.house("empty") as empty, run.house("full") as full:
        load = Filling(full)
        load.create(size)
        load.run("order", 64, 1)
        full.settle()
        before = empty.spent(), full.spent()
        time.sleep(IDLE_S)
        for name, house, at_first in zip(("no data", f"{size:,} aggregates and orders"),
                                         (empty, full), before):
            share = (house.spent() - at_first) / IDLE_S * 100
            run.figure(f"idle for {IDLE_S} s with {name}: of a core", share, "%", "≤ 1")


def views(run):
    """How long it takes to verify so many records of orders, and to build their views again."""
    with run.house("views") as house:
        load = Filling(house)
        load.until("order", run.options.size)
        house.settle()
        records, orders = house.records(), house.total("orders")
        least = load.acknowledged["order"]
        if not least <= orders <= least + load.unanswered["order"]:
            raise Flaw(f"{orders} orders are stored, {least} were acknowledged")
        house.stop()
        verified_s, result = house.verify()
        print(f"  {result}", flush=True)
        shutil.rmtree(os.path.join(house.data, "views"))
        ready_s = house.start_timed()
        what = f"{records:,} records of {orders:,} orders"
        run.figure(f"{what}: all views built, from the start on", ready_s + house.catch_up(), "s",
                   "≤ 10")
        run.figure(f"{what}: `madang verify`", records / verified_s, "records/s", "≥ 150,000")
        if house.total("mypages") != orders:
            raise Flaw(f"{house.total('mypages')} rows of {orders} orders")
