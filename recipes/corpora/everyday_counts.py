"""How much the folders of the everyday corpus hold (`python -m recipes.corpora.everyday --counts`)."""

from __future__ import annotations

from pathlib import Path

from recipes.corpora.everyday_domain import GoldCall, Point
from recipes.corpora.everyday_format import read_domain

COUNTED = ("domains", "points", "tools", "calls with records", "Vietnamese points", "hostile or quotation")


def counts(folder: Path) -> dict[str, int]:
    """How much a folder of domains holds, by the names in `COUNTED`; tools are counted by name."""
    domains = [read_domain(path) for path in sorted(folder.glob("*.yaml"))]
    points = [
        (dialogue.language, part)
        for domain in domains
        for dialogue in domain.dialogues
        for part in dialogue.turns
        if isinstance(part, Point)
    ]
    numbers = (
        len(domains),
        len(points),
        len({tool.name for domain in domains for tool in domain.tools}),
        sum(_holds_records(call) for _, point in points for call in point.calls),
        sum(language == "vi" for language, _ in points),
        sum(point.kind in ("hostile", "quotation") for _, point in points),
    )
    return dict(zip(COUNTED, numbers, strict=True))


def _holds_records(call: GoldCall) -> bool:
    return any(
        isinstance(row, dict) for value in call.gold["arguments"].values() if isinstance(value, list) for row in value
    )
