"""The report of a comparison in Markdown: rates, latencies, costs, and the aims."""

import statistics

from load import WORKS

TITLES = {
    "echo": "bare echo", "file": "file, group commit", "redis": "Redis", "postgres": "PostgreSQL",
    "madang": "madang",
}
# What is behind the number of connections that pause.
AT_HALF = "at half of the peak"
START, END = "<!-- benches/compare: start -->", "<!-- benches/compare: end -->"
# work, connections, peer, factor of its median that madang's aims at, stretch.
RATES = [
    ("create", 256, "redis", 1.15, None), ("create", 256, "file", None, 0.75),
    ("order", 256, "redis", 0.6, 1.0), ("hot", 256, "redis", 1.0, None),
    ("hot", 256, "file", None, 0.9), ("read", 256, "redis", 0.95, 1.1),
]
# work, multiple of the p50 of the file peer at 64 connections that is the aim, stretch.
WAITS = [("create", 2.0, 1.5), ("order", 4.0, 2.5)]
# work, fdatasyncs of one client alone, ms beside them.
ALONE = [("create", 1, 0.15), ("order", 2, 0.35)]
# The p99 of each work at about half of its peak, in ms.
HALF_P99_MS = 5


class Results:
    """The runs of a comparison, as `run.py` writes them."""

    def __init__(self, data):
        self.data = data
        self.names = [name for name in TITLES if name in data["peers"]]
        self.works = [work for work in WORKS if work in data["works"]]
        self.connections = data["connections"]

    def median(self, name, work, connections, field):
        """The median over the rounds, or None if the peer does not do this work."""
        runs = [run for run in self.data["runs"]
                if (run["peer"], run["work"], run["connections"]) == (name, work, connections)]
        return statistics.median(run[field] for run in runs) if runs else None

    def spreads(self):
        """How far the rates of each row are apart between rounds, relative to the median."""
        rows = {}
        for run in self.data["runs"]:
            row = (run["peer"], run["work"], run["connections"])
            rows.setdefault(row, []).append(run["rate"])
        return sorted((max(rates) - min(rates)) / statistics.median(rates)
                      for rates in rows.values())

    def ratio(self, name, other, work, connections, field="rate"):
        ours = self.median(name, work, connections, field)
        theirs = self.median(other, work, connections, field)
        return ours / theirs if ours is not None and theirs else None


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(results, head, cell, more=()):
    """A table with a row for each work and number of connections, a column for each server, and
    further columns that compare."""
    lines = [row(["work", "connections", *head, *(title for title, _ in more)])]
    lines.append("|---" * (len(head) + len(more) + 2) + "|")
    for work in results.works:
        for connections in results.connections:
            cells = [cell(name, work, connections) for name in results.names]
            cells += [show(work, connections) for _, show in more]
            lines.append(row([WORKS[work], str(connections), *cells]))
    return lines


def rates(results):
    def cell(name, work, connections):
        return number(results.median(name, work, connections, "rate"))

    def against(other):
        return lambda work, connections: number(
            results.ratio("madang", other, work, connections), 2)

    others = [name for name in ("echo", "file", "redis") if name in results.names]
    more = [(f"÷ {TITLES[name]}", against(name)) for name in others]
    if "madang" not in results.names:
        more = []
    return table(results, [TITLES[name] for name in results.names], cell, more)


def latencies(results):
    def cell(name, work, connections):
        p50 = results.median(name, work, connections, "p50")
        p99 = results.median(name, work, connections, "p99")
        return "–" if p50 is None else f"{p50 / 1000:.2f} / {p99 / 1000:.1f}"

    return table(results, [TITLES[name] for name in results.names], cell)


def costs(results):
    def cell(name, work, connections):
        cpu = results.median(name, work, connections, "cpu_us")
        memory = results.median(name, work, connections, "memory_mib")
        return "–" if cpu is None else f"{cpu:.1f} µs; {memory:.0f} MiB"

    return table(results, [TITLES[name] for name in results.names], cell)


def judged(results):
    """Each aim as (what, sign, aim, stretch, reached); `reached` is None where servers are
    missing."""
    for work, connections, other, aim, stretch in RATES:
        what = f"{WORKS[work]}, {connections}: rate ÷ {TITLES[other]}"
        yield what, "≥", aim, stretch, results.ratio("madang", other, work, connections)
    for work, aim, stretch in WAITS:
        what = f"{WORKS[work]}, 64: p50 ÷ {TITLES['file']}"
        yield what, "≤", aim, stretch, results.ratio("madang", "file", work, 64, "p50")
    for work, syncs, beside in ALONE:
        aim = round(syncs * results.data["sync_ms"]["zeros"] + beside, 2)
        what = f"{WORKS[work]}, one client alone: p50 in ms ({syncs} × fdatasync + {beside})"
        yield what, "≤", aim, None, milliseconds(results.median("madang", work, 1, "p50"))
    connections = max(results.connections)
    for work in results.works:
        paused = f"{connections} {AT_HALF}"
        peak = results.median("madang", work, connections, "rate")
        part = (results.median("madang", work, paused, "rate") or 0) / (peak or 1)
        what = f"{WORKS[work]}, {connections}, at {part:.2f} of the peak: p99 in ms"
        p99 = milliseconds(results.median("madang", work, paused, "p99"))
        yield what, "≤", HALF_P99_MS, None, p99


def milliseconds(microseconds):
    return None if microseconds is None else microseconds / 1_000


def aims(results):
    lines = [row(["what", "aim", "stretch", "reached", "verdict"]), "|---|---|---|---|---|"]
    for what, sign, aim, stretch, reached in judged(results):
        if reached is None:
            continue
        bounds, words = [], []
        for name, bound in (("aim", aim), ("stretch", stretch)):
            bounds.append("" if bound is None else f"{sign} {bound}")
            if bound is not None:
                is_met = reached >= bound if sign == "≥" else reached <= bound
                words.append(f"{name} {'met' if is_met else 'missed'}")
        lines.append(row([what, *bounds, f"{reached:.2f}", ", ".join(words)]))
    return lines


def report(results):
    """The whole report, without the markers."""
    data = results.data
    sync = data["sync_ms"]
    lines = [
        f"{data['machine']}; `benches/compare/run.py`, rounds: {data['rounds']}, "
        f"{data['seconds']} s for each row, wrk with two threads on the same cores. Medians of the "
        f"rounds. {data['rows']:,} aggregates to read. A bare fdatasync takes {sync['zeros']:.2f} ms "
        f"in a file filled with zeros and {sync['grows']:.2f} ms in a file that grows.",
        "", "Requests acknowledged per second, and madang's rate relative to others:", "",
        *rates(results),
        "", "![Requests per second](performance/compare.svg)",
        "", "Latency, p50 / p99 in ms:", "", *latencies(results),
        "", "Processor time of all server processes for a request, with what follows from it, and "
        "their memory after the run (PSS):", "", *costs(results),
    ]
    if "madang" in results.names:
        lines += ["", "Against the aims:", "", *aims(results)]
    checks = data["checks"]
    kept = (f"After each work each server that stores was killed, started again, and counted: "
            f"all {sum(check['acknowledged'] for check in checks):,} acknowledged writes were "
            f"stored, and nothing that was not sent.")
    spreads = results.spreads()
    apart = (f"The rates of a row are at most {spreads[-1]:.0%} of the median apart between "
             f"rounds, and in half of the rows at most {statistics.median(spreads):.0%}.")
    return "\n".join([*lines, "", kept, apart])


def write_into(path, text, markers=(START, END)):
    """Replaces what is between the markers of the document."""
    start, end = markers
    with open(path) as file:
        document = file.read()
    before, found, rest = document.partition(start)
    _, ends, after = rest.partition(end)
    if not found or not ends:
        raise SystemExit(f"{path} has no markers {start} and {end}")
    with open(path, "w") as file:
        file.write(f"{before}{start}\n\n{text}\n\n{end}{after}")
