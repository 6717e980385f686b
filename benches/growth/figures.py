"""The figures of all parts as a table, and where they are kept between runs."""

import json
import os

from report import number, row

START, END = "<!-- benches/growth: start -->", "<!-- benches/growth: end -->"
# The size at which the aims hold, and the events of the last step.
SIZE, EVENTS = 1_000_000, 10_000_000


def is_met(aim, reached):
    """Whether an aim such as `≤ 10` is met."""
    sign, bound = aim.split(" ")
    bound = float(bound.replace(",", ""))
    reached = round(reached, 9)  # ticks of a clock divided by seconds are not exact
    return reached >= bound if sign == "≥" else reached <= bound


def shown(value, unit):
    digits = 0 if value >= 1_000 else 1 if value >= 100 else 2
    return f"{number(value, digits)}{unit if unit in ('', '/s') else ' ' + unit}"


def line(figure, is_judged):
    """What, aim, reached and verdict of a figure. Without the size of its aim it is not judged."""
    aim = figure["aim"]
    verdict = ""
    if aim:
        verdict = ("met" if is_met(aim, figure["reached"]) else "**missed**") if is_judged else "–"
    with_unit = f"{aim} {figure['unit']}".strip() if aim else ""
    return [figure["what"], with_unit, shown(figure["reached"], figure["unit"]), verdict]


def load(path):
    """The parts that were measured before, by name."""
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def store(path, parts):
    os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)
    with open(path, "w") as file:
        json.dump(parts, file, indent=1, ensure_ascii=False)


def steps(rows):
    """The table of a store that grows."""
    lines = [row(["events", "aggregates", "journal, bytes per event", "views, bytes per event",
                  "ready after a stop", "per create", "creates", "per activation", "activations"]),
             "|---" * 9 + "|"]
    for each in rows:
        events = each["events"]
        costs = []
        for name in ("create", "activation"):
            cost = each[name]
            costs += [f"{cost['cpu_us']:.1f} µs",
                      f"{number(cost['rate'])}/s, p50 {cost['p50'] / 1_000:.2f} ms"]
        lines.append(row([number(events), number(each["taxis"]),
                          number(each["journal_bytes"] / events),
                          number(each["views_bytes"] / events), f"{each['ready_s']:.2f} s",
                          *costs]))
    return lines


def report(parts):
    """The whole report in Markdown, without the markers."""
    runs = sorted({f"{part['machine']}; {part['build']}" for part in parts.values()})
    lines = [*[f"{run}." for run in runs], "",
             row(["part", "what", "aim", "reached", ""]), "|---" * 5 + "|"]
    for name, part in parts.items():
        is_judged = part["size"] == SIZE
        lines += [row([name, *line(figure, is_judged)]) for figure in part["figures"]]
    grown = [part["steps"] for part in parts.values() if part["steps"]]
    for rows in grown:
        logs = sorted({f"{each['log_bytes'] / (1 << 20):.0f}" for each in rows}, key=int)
        lines += ["", "A store that grows; processor time of the server:", "", *steps(rows), "",
                  f"The write-ahead log beside the journal has {' to '.join([logs[0], logs[-1]])} "
                  "MiB, whatever the number of events."]
    return "\n".join(lines)
