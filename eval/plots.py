"""Plots of a run as PNG. Labels are in English, since a server seldom has a Chinese font."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_bars(
    path: Path, *, title: str, groups: Sequence[str], series: Mapping[str, Sequence[float | None]]
) -> None:
    """Draw shares in [0, 1] as grouped bars: one group a type, one colour a series; None leaves a gap."""
    figure, axes = _open(width_inch=max(6.0, 1.1 * len(groups)))
    width = 0.8 / max(1, len(series))
    for place, (name, shares) in enumerate(series.items()):
        at = [index - 0.4 + width * (place + 0.5) for index in range(len(groups))]
        axes.bar(at, [share or 0.0 for share in shares], width, label=name)
    axes.set_xticks(range(len(groups)), groups, rotation=30, ha="right")
    axes.set_ylim(0, 1)
    axes.set_ylabel("share")
    _save(figure, axes, path, title)


def draw_recall(path: Path, *, title: str, series: Mapping[str, Mapping[int, float]]) -> None:
    """Draw recall against the number of passages looked at, one line a system."""
    figure, axes = _open()
    # Rings of falling size and other strokes keep lines apart that lie on each other.
    strokes = itertools.cycle((("-", 11.0), ("--", 8.0), (":", 5.0)))
    for (name, recall), (stroke, size) in zip(series.items(), strokes, strict=False):
        axes.plot(
            list(recall),
            list(recall.values()),
            stroke,
            marker="o",
            markersize=size,
            fillstyle="none",
            label=name,
        )
    cutoffs = sorted({cutoff for recall in series.values() for cutoff in recall})
    axes.set_xscale("log")
    axes.set_xticks(cutoffs, [str(cutoff) for cutoff in cutoffs])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("passages looked at (k)")
    axes.set_ylabel("recall@k")
    _save(figure, axes, path, title)


def draw_latencies(path: Path, *, title: str, series: Mapping[str, Sequence[float]]) -> None:
    """Draw histograms of milliseconds, one outline a series, on a logarithmic axis."""
    import numpy as np
    from matplotlib.ticker import LogFormatter

    figure, axes = _open()
    every = [value for values in series.values() for value in values]
    bins = np.geomspace(max(0.01, 0.9 * min(every)), max(0.1, 1.1 * max(every)), 40).tolist()
    for name, values in series.items():
        axes.hist(values, bins=bins, histtype="step", linewidth=1.8, label=name)
    axes.set_xscale("log")
    for which in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        which(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("questions")
    _save(figure, axes, path, title)


def _open(width_inch: float = 7.0) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    # Figure without pyplot: no global state, no display, safe in any thread.
    figure = Figure(figsize=(width_inch, 4.2), layout="constrained")
    return figure, figure.subplots()


def _save(figure: "Figure", axes: "Axes", path: Path, title: str) -> None:
    axes.set_title(title)
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize="small", frameon=False)
    figure.savefig(path, dpi=120)
