"""The plot of a comparison: a bar for each server and work, as SVG. The same results are always
drawn with the same bytes."""

from load import WORKS
from report import TITLES

COLOURS = {
    "echo": "#9aa0a6", "file": "#5f6b7a", "redis": "#c2410c", "postgres": "#7c5cbf",
    "madang": "#0b7285",
}
WIDTH, HEIGHT = 860, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 86, 44


def step(top):
    """A round distance between grid lines, for at most six of them."""
    unit = 1
    while True:
        for factor in (1, 2, 5):
            if top <= 6 * factor * unit:
                return factor * unit
        unit *= 10


def text(x, y, words, anchor="middle", size=12, colour="#3c4043", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}" fill="{colour}">{words}</text>')


def short(rate):
    return f"{rate / 1000:.0f}k" if rate >= 10_000 else f"{rate / 1000:.1f}k"


def grid(top, scale):
    lines, at = [], 0
    while at <= top:
        y = HEIGHT - BOTTOM - at * scale
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e3e5e8"/>')
        lines.append(text(LEFT - 8, y + 4, f"{at:,}", "end", 11, "#6b7075"))
        at += step(top)
    return lines


def legend(names):
    parts, x = [], LEFT
    for name in names:
        parts.append(f'<rect x="{x}" y="46" width="12" height="12" rx="2" '
                     f'fill="{COLOURS[name]}"/>')
        parts.append(text(x + 18, 56, TITLES[name], "start"))
        x += 40 + 7 * len(TITLES[name])
    return parts


def bars(results, connections, scale):
    group = (WIDTH - LEFT - RIGHT) / len(results.works)
    slot = group * 0.86 / len(results.names)
    parts = []
    for place, work in enumerate(results.works):
        begin = LEFT + place * group + group * 0.07
        for nth, name in enumerate(results.names):
            rate = results.median(name, work, connections, "rate")
            if rate is None:
                continue
            height, x = rate * scale, begin + nth * slot
            y = HEIGHT - BOTTOM - height
            parts.append(f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{slot - 2:.1f}" '
                         f'height="{height:.1f}" rx="2" fill="{COLOURS[name]}"/>')
            weight = "bold" if name == "madang" else "normal"
            parts.append(text(x + slot / 2, y - 4, short(rate), size=10, weight=weight))
        parts.append(text(begin + group * 0.43, HEIGHT - BOTTOM + 20, WORKS[work]))
    return parts


def draw(results):
    """The plot of the rates with the most connections."""
    connections = max(results.connections)
    rates = [results.median(name, work, connections, "rate") or 0
             for name in results.names for work in results.works]
    top = max([*rates, 1])
    scale = (HEIGHT - TOP - BOTTOM) / top
    title = f"Requests acknowledged per second, {connections} connections; more is better"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 26, title, "start", 15, "#202124", "bold"),
        *legend(results.names),
        *grid(top, scale),
        *bars(results, connections, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
