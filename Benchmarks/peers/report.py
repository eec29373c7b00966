"""Comparisons as a table for a terminal, a table in Markdown, and JSON."""

import json

from results import Comparison, Spread
from runtimes import DITHAROS, RUNTIMES

FORMAT_VERSION = "1.0"


def significant(seconds: float) -> str:
    """Return a time with three significant digits."""
    digits = next((d for d, limit in ((1, 10), (2, 1), (3, 0.1)) if seconds >= limit), 4)
    return f"{seconds:.{digits}f}"


def ratio_text(ratio: Spread | None) -> str:
    """Return a ratio with its spread, or 1 for ditharos itself."""
    return f"{ratio.median:.2f} ({ratio.least:.2f}-{ratio.most:.2f})" if ratio else "1"


def table(comparison: Comparison) -> str:
    """Return the table of one comparison."""
    rounds = max(len(timing.seconds) for timing in comparison.timings.values())
    heading = (
        f"{comparison.title}: {comparison.flops / 1e9:.1f} GFLOP, {comparison.threads} threads, "
        f"{rounds} rounds"
    )
    if comparison.peaks:
        heading += f", peak {Spread.of(comparison.peaks).median / 1e9:.0f} GFLOP/s"
    columns = ["", "seconds", "GFLOP/s", "of peak", "ratio", "before step 1", "peak MB", "error"]
    rows = [columns, *(row(comparison, name) for name in comparison.timings)]
    kept = [i for i in range(len(rows[0])) if i == 0 or any(cells[i] for cells in rows[1:])]
    widths = [max(len(cells[i]) for cells in rows) for i in kept]
    lines = [
        "  ".join(
            cells[i].ljust(width) if i == 0 else cells[i].rjust(width)
            for i, width in zip(kept, widths, strict=True)
        ).rstrip()
        for cells in rows
    ]
    return "\n".join([heading, *lines])


def row(comparison: Comparison, name: str) -> list[str]:
    """Return the cells of one runtime, empty where there is nothing to tell."""
    timing = comparison.timings[name]
    fraction = comparison.fraction_of_peak(name)
    return [
        RUNTIMES[name].title,
        significant(comparison.seconds(name).median),
        f"{comparison.rate(name) / 1e9:.0f}",
        f"{fraction:.0%}" if fraction else "",
        ratio_text(comparison.ratio(name)) if DITHAROS in comparison.timings else "",
        significant(Spread.of(timing.start_seconds).median) if timing.start_seconds else "",
        f"{timing.peak_memory / 1e6:.0f}",
        f"{timing.error:.0e}",
    ]


def markdown(comparisons: list[Comparison]) -> str:
    """Return one table: a row for each comparison, a column for each runtime."""
    names = [n for n in RUNTIMES if any(n in comparison.timings for comparison in comparisons)]
    lines = [
        "| | " + " | ".join(RUNTIMES[name].title for name in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for comparison in comparisons:
        cells = [markdown_cell(comparison, name) for name in names]
        lines.append(f"| {comparison.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def markdown_cell(comparison: Comparison, name: str) -> str:
    """Return seconds, and of ditharos the part of the peak, of others the ratio."""
    if name not in comparison.timings:
        return ""
    seconds = f"{significant(comparison.seconds(name).median)} s"
    if ratio := comparison.ratio(name):
        return f"{seconds}, {ratio_text(ratio)} times"
    fraction = comparison.fraction_of_peak(name)
    return f"{seconds}, {fraction:.0%} of the peak" if fraction else seconds


def as_json(comparisons: list[Comparison], machine: dict[str, str]) -> str:
    """Return everything."""
    document = {
        "format_version": FORMAT_VERSION,
        "machine": machine,
        "comparisons": [comparison.json() for comparison in comparisons],
    }
    return json.dumps(document, indent=2)
