"""What one create and one activation cost in a store that grows to many events."""

import os
import statistics

from filling import BEHIND, Filling
from load import Flaw
from parts import UNCACHED

STEPS = [10_000, 100_000, 1_000_000, 10_000_000]
CONNECTIONS = 64
ROUNDS, SECONDS = 5, 1
# Below this number of events each round has a copy of the store, because its own creates would be
# most of the events of the next one.
COPIED_BELOW = 1_000_000


def growth(run):
    """Measures at each step, and judges the last one against the first."""
    bound = run.options.events
    steps = [events for events in STEPS if events < bound] + [bound]
    rows = []
    with run.house("growth") as house:
        load = Filling(house)
        for events in steps:
            load.taxis = house.total("taxis")
            load.spread(load.taxis + new_taxis(load, events - house.records()))
            house.settle()
            row = {"events": house.records(), "taxis": load.taxis}
            house.stop()
            row |= {f"{part}_bytes": size for part, size in house.bytes_on_disk().items()}
            row["ready_s"] = house.start_timed()
            row["activation"] = activations(house, load)
            row["create"] = creates(run, house, events)
            rows.append(row)
            say(row)
    run.steps = rows
    judge(run, rows)


def new_taxis(load, missing):
    """The number of taxis to create, so that about so many events are added."""
    lonely = min(max(BEHIND - load.taxis, 0), missing)
    return lonely + (missing - lonely) // 3


def activations(house, load):
    """Reads at random; nothing is in memory but pages of the store."""
    house.stop()
    house.set(UNCACHED)
    house.launch()
    load.rows = load.taxis
    load.run("read", CONNECTIONS, 1)
    rounds = []
    for nth in range(ROUNDS):
        before = house.metric("madang_aggregate_activations_total")
        report = load.measure("read", CONNECTIONS, SECONDS, nth)
        happened = house.metric("madang_aggregate_activations_total") - before
        # A read of an aggregate that is active by chance counts as none.
        report["cpu_us"] *= report["acknowledged"] / happened
        report["rate"] *= happened / report["acknowledged"]
        rounds.append(report)
    house.stop()
    house.set({})
    return medians(rounds)


def creates(run, house, events):
    """Creates after a start, each time. Leaves the server running."""
    rounds = []
    for nth in range(ROUNDS):
        if events >= COPIED_BELOW:
            house.launch()
            rounds.append(measured(house, nth))
            house.stop()
            continue
        copied = house.copy(os.path.join(run.folder, "copy"))
        try:
            copied.launch()
            rounds.append(measured(copied, nth))
        finally:
            copied.stop()
            copied.remove()
    house.launch()
    return medians(rounds)


def measured(house, nth):
    """One round of creates; what is stored afterwards is what was acknowledged."""
    load = Filling(house)
    before = house.records()
    report = load.measure("create", CONNECTIONS, SECONDS, nth)
    stored, least = house.records() - before, report["acknowledged"]
    if not least <= stored <= least + load.unanswered["create"]:
        raise Flaw(f"{stored} creates are stored, {least} were acknowledged")
    return report


def medians(rounds):
    fields = ("cpu_us", "rate", "p50")
    return {field: statistics.median(each[field] for each in rounds) for field in fields}


def say(row):
    create, activation = row["create"], row["activation"]
    print(f"  {row['events']:,} events: create {create['cpu_us']:.1f} µs, {create['rate']:,.0f}/s, "
          f"activation {activation['cpu_us']:.1f} µs, {activation['rate']:,.0f}/s, ready after "
          f"{row['ready_s']:.2f} s", flush=True)


def judge(run, rows):
    first, last = rows[0], rows[-1]
    for name in ("create", "activation"):
        ratio = last[name]["cpu_us"] / first[name]["cpu_us"]
        what = (f"processor time per {name} with {last['events']:,} events ÷ with "
                f"{first['events']:,}")
        run.figure(what, ratio, "", "≤ 1.1")
