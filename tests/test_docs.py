"""The pages say the same, and point at what is there; `mkdocs build --strict` checks the links among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = "| what people say to ordinary tools | |"
OUTSIDE = ["README.md", "CHANGELOG.md", "recipes/everyday/README.md"]
"""Pages that are not part of the site."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def figures(name: str) -> list[str]:
    rows = text(name).split(FIGURES)[1].splitlines()[1:]
    return rows[: next(number for number, row in enumerate(rows) if not row.startswith("|"))]


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_figures_are_those_of_the_results(page: str) -> None:
    assert len(figures("docs/results.md")) == 5
    assert figures(page) == figures("docs/results.md")


@pytest.mark.parametrize("page", OUTSIDE)
def test_links_of_a_page_outside_the_site_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text(page))
    for path, anchor in links:
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {path}"
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {path}#{anchor}"


def test_every_recipe_and_file_that_a_page_names_exists() -> None:
    missing = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        if page.name == "log.md":  # a lab book: it may name what is gone
            continue
        named = re.findall(
            r"\b(?:recipes|trm_agent|langchain_trm|tests)/[\w/.-]*\.(?:py|json|jsonl|md|yaml|sha256)\b",
            page.read_text(),
        )
        missing += [f"{page.name}: {path}" for path in named if not (ROOT / path).exists()]
    assert missing == []
