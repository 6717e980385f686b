"""The report of a comparison in Markdown: rates, latencies, costs, and the aims."""

import statistics

from load import WORKS

TITLES = {
    "echo": "bare echo", "file": "file, group commit", "redis": "Redis", "postgres": "PostgreSQL",
    "madang": "madang",
}
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


def verdict(is_met):
    return "met" if is_met else "missed"


def judged(results):
    """The aims with what was reached; those whose servers were not measured are left out."""
    for work, connections, other, aim, stretch in RATES:
        reached = results.ratio("madang", other, work, connections)
        if reached is not None:
            what = f"{WORKS[work]}, {connections}: rate ÷ {TITLES[other]}"
            yield what, aim, stretch, reached, lambda bound, reached=reached: reached >= bound, "≥"
    for work, aim, stretch in WAITS:
        reached = results.ratio("madang", "file", work, 64, "p50")
        if reached is not None:
            what = f"{WORKS[work]}, 64: p50 ÷ {TITLES['file']}"
            yield what, aim, stretch, reached, lambda bound, reached=reached: reached <= bound, "≤"
    sync = results.data["sync_ms"]["zeros"]
    for work, syncs, beside in ALONE:
        reached = results.median("madang", work, 1, "p50")
        if reached is not None:
            aim, reached = round(syncs * sync + beside, 2), reached / 1000
            what = f"{WORKS[work]}, one client alone: p50 in ms ({syncs} fdatasync + {beside})"
            yield what, aim, None, reached, lambda bound, reached=reached: reached <= bound, "≤"


def aims(results):
    lines = [row(["aim", "aim", "stretch", "reached", ""]), "|---|---|---|---|---|"]
    for what, aim, stretch, reached, meets, sign in judged(results):
        words = [f"{name} {verdict(meets(bound))}"
                 for name, bound in (("aim", aim), ("stretch", stretch)) if bound is not None]
        bounds = [f"{sign} {bound}" if bound is not None else "" for bound in (aim, stretch)]
        lines.append(row([what, *bounds, f"{reached:.2f}", ", ".join(words)]))
    return lines


def report(results):
    """The whole report, without the markers."""
    data = results.data
    sync = data["sync_ms"]
    lines = [
        f"{data['machine']}; `benches/compare/run.py`, {data['rounds']} rounds of "
        f"{data['seconds']} s, wrk with two threads on the same cores. Medians of the rounds. "
        f"{data['rows']:,} aggregates to read. A bare fdatasync takes {sync['zeros']:.2f} ms in a "
        f"file filled with zeros and {sync['grows']:.2f} ms in a file that grows.",
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
    kept = (f"After each work every server was killed, started again, and counted: all "
            f"{sum(check['acknowledged'] for check in checks):,} acknowledged writes were stored, "
            f"and nothing that was not sent.")
    return "\n".join([*lines, "", kept])


def write_into(path, text):
    """Replaces what is between the markers of the document."""
    with open(path) as file:
        document = file.read()
    before, found, rest = document.partition(START)
    _, ends, after = rest.partition(END)
    if not found or not ends:
        raise SystemExit(f"{path} has no markers {START} and {END}")
    with open(path, "w") as file:
        file.write(f"{before}{START}\n\n{text}\n\n{END}{after}")
