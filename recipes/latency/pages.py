"""The figures as Markdown, the same tables for a terminal and a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def page(figures: Mapping[str, Any]) -> str:
    """All tables that there are figures for."""
    return "\n\n".join(_sections(figures)) + "\n"


def _sections(figures: Mapping[str, Any]) -> Iterator[str]:
    about = figures["about"]
    stick = about["yardstick_ms"]
    before, after = about["load"]
    yield (
        f"# Latency\n\nCheckpoint {about['checkpoint']}, backend {about['backend']}, seed {about['seed']}, "
        f"{about['cpus']} CPUs at a load of {before:.1f} before and {after:.1f} after. CPU time is that of all "
        f"threads. One yardstick, a float32 product [512, 512] in numpy, is {stick:.2f} ms of CPU time."
    )
    if rows := figures["turns"]:
        cells = [
            [
                *(r["threads"], r["tools"], r["messages"], r["way"], _three(r["cpu"]), _three(r["wall"])),
                f"{r['cpu']['p50'] / stick:.1f}",
                *(f"{r[part]['p50']:.1f}" for part in ("encoder", "trm", "decoding")),
            ]
            for r in rows
        ]
        heads = ["threads", "tools", "messages", "way", "CPU ms", "wall ms", "yardsticks", "encoder", "TRM", "decoding"]
        yield _section("A turn, p50 / p95 / p99; its parts: wall ms, p50", heads, cells)
    if rows := figures["peers"]:
        cells = [[r["peer"], r["runs"], _three(r["cpu"]), _three(r["wall"]), f"{r['times']:.2f}"] for r in rows]
        yield _section("Peers, one message, p50 / p95 / p99", ["", "runs", "CPU ms", "wall ms", "× the router"], cells)
    if rows := figures["starts"]:
        stages = list(rows[0]["until"])
        cells = [
            [
                *(r["start"], r["processes"]),
                *(f"{r['until'][stage]['cpu']:.0f} / {r['until'][stage]['wall']:.0f}" for stage in stages),
                *(r["modules"], ", ".join(r["heavy"]) or "none", f"{r['memory_mb']:.0f}"),
            ]
            for r in rows
        ]
        heads = ["start", "processes", *(f"until {stage}" for stage in stages), "modules", "heavy ones", "memory, MB"]
        yield _section("A fresh process, CPU / wall ms; cold: without byte code", heads, cells)
    if rows := figures["bind"]:
        cells = [[r["tools"], r["rounds"], f"{r['new']['p50']:.2f}", f"{r['saved']['p50']:.2f}"] for r in rows]
        heads = ["tools", "rounds", "encoded", "from saved vectors"]
        yield _section("Bind, CPU ms a tool, p50", heads, cells)
    if rows := figures["batches"]:
        cells = [[r["batch"], r["decisions"], f"{r['cpu_ms']:.1f}", f"{r['per_cpu_s']:.1f}"] for r in rows]
        yield _section("Throughput", ["batch", "decisions", "CPU ms a decision", "decisions a CPU second"], cells)
    if rows := figures["memory"]:
        cells = [[int(count), f"{size:.0f}"] for count, size in rows]
        yield _section("Resident memory, conversations of 20 turns", ["conversations", "MB"], cells)


def _section(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in (heads, *rows)]
    lines.insert(1, "|" + "---|" * len(heads))
    return "\n".join([f"## {title}", "", *lines])


def _three(values: Mapping[str, float]) -> str:
    return " / ".join(f"{values[name]:.1f}" for name in ("p50", "p95", "p99"))
