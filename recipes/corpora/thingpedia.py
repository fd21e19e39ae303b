"""Thingpedia's devices (stanford-oval/thingpedia-common-devices) → skills: a class is a skill, a function a tool.

Read are `manifest.tt` (tools), `paraphrase.tsv`, `dataset.tt` and `train/annotated.txt` (lines) of every device, and of
`eval/everything` what uses several. Filters on results are arguments of the search, `>=` and `<=` as
parameters of their own (`min_…`, `…_after`). Waiting for a change (`monitor`) is a tool of its own. Placeholders get
values of ours (`thingpedia.json`), alike in sentence and program. Programs that calls cannot hold are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from recipes.corpora.building import Options
from recipes.corpora.pairing import convert_skills
from recipes.corpora.skills import Line, Skill
from recipes.corpora.thingpedia_calls import Binder, short
from recipes.corpora.thingpedia_lines import Request, annotated, examples, paraphrases
from recipes.corpora.thingtalk import Function, read_class
from trm_agent.errors import DataError

FILES = ("paraphrase.tsv", "dataset.tt", "annotated.txt")
"""Files with lines."""

LARGEST = 400
"""Lines that are drawn of a class with more, through its weight."""

THEMES: tuple[tuple[str, str], ...] = (
    (r"iot\.|volume|tesla|light|switch", "smart home"),
    (r"weather", "weather"),
    (
        r"spotify|media|youtube|giphy|ted$|tv$|imdb|omdb|moviedb|steam|gamespot|tunein|live-radio|sound|fortnite",
        "media",
    ),
    (r"spotify|media-|radio|sound|volume|tunein|speaker", "music"),
    (
        r"news|cnn|bbc|nytimes|wsj|washingtonpost|time$|fortune|insider|wired|techcrunch|engadget|mashable|nature|rss",
        "news",
    ),
    (
        r"huffington|arstechnica|slashdot|mozilla|lifehacker|howtogeek|medium|macrumors|reddit|gamespot|sup$|arxiv|acm|popsci|matrix67|blog|cs294s|wikicfp|hackernews|ted$",
        "news",
    ),
    (
        r"twitter|facebook|instagram|linkedin|slack|gmail|tumblr|reddit|omlet|phone|sms|groupme|mastodon|chat|contacts|blog|github|stickynotes",
        "messages",
    ),
    (r"gmail|outlook|mail", "email"),
    (r"dropbox|drive|onedrive|github|imgur|gnome", "files"),
    (r"imgflip|imgur|giphy|xkcd|catapi|dogapi|phdcomics|randomfox|cat-fact|uselessfact|numbersapi|quotes|trump", "fun"),
    (r"bing|imgur|instagram|nasa|giphy|flickr|facebook|twitter", "pictures"),
    (r"uber|lyft|mapquest|tesla|transit", "transport"),
    (r"tesla", "car"),
    (r"yelp|restaurant|wikicfp", "restaurants"),
    (r"yelp|mapquest|bing", "places"),
    (r"yelp|coffee", "food"),
    (r"icalendar|holidays|calendar|builtin\.thingengine\.builtin|wikicfp", "calendar"),
    (r"builtin\.thingengine\.builtin", "time"),
    (r"builtin\.thingengine\.builtin", "math"),
    (r"builtin\.thingengine\.builtin|weather|mapquest", "location"),
    (r"fitbit|withings|jawbone", "health"),
    (r"alphavantage|stock|cryptonator|coin", "finance"),
    (r"sports|sportradar|espn", "sports"),
    (r"translate|almond\.nl", "translation"),
    (r"bing|wolfram|duckduckgo|wikidata|numbersapi", "search"),
    (r"starwars|moviedb|omdb", "movies"),
    (r"nasa", "space"),
    (r"wunderlist|stickynotes", "lists"),
    (r"owlbot", "dictionary"),
    (r"upcdatabase", "shopping"),
)
"""Pattern in a class's id → a theme."""


VERBS = ("play", "post", "send", "start", "upload", "create")
"""What several actions of a class do, with one thing or another."""


def read(folder: Path, options: Options) -> Iterator[Skill]:
    """The skills: `thingpedia/CLASS`, and `thingpedia/compound` for requests of several classes.

    Raises:
        DataError: The folder holds no class.
    """
    manifests = sorted(folder.rglob("manifest.tt"))
    if not manifests:
        raise DataError(f"{folder}: no manifest.tt in it; expected the folder of thingpedia-common-devices")
    functions: dict[tuple[str, str], Function] = {}
    for path in manifests:
        device, _, own = read_class(path.read_text("utf-8"))
        functions |= {(device, function.name): function for function in own}
    binder = Binder(functions, options.rng("thingpedia"))
    lines: dict[str, dict[str, Line]] = {}
    for path in sorted(path for name in FILES for path in folder.rglob(name)):
        for request in _requests(path):
            devices = {call.device for call in binder.merged(request.calls)} or {_device(path)}
            line = binder.line(request)
            if line is not None:
                name = devices.pop() if len(devices) == 1 else "compound"
                lines.setdefault(name, {}).setdefault(f"{line.asked}/{line.text.casefold()}", line)
    declared = {device for device, _ in functions} | {"compound"}
    for name in sorted(declared | set(lines)):
        own_lines = tuple(lines.get(name, {}).values())
        used = {want.tool for line in own_lines for want in line.wanted}
        kept = [tool for tool, device in binder.devices.items() if device == name or tool in used]
        tools = tuple(binder.tool(tool) for tool in kept)
        if tools and own_lines:
            yield Skill(
                name=f"thingpedia/{name}",
                themes=frozenset(
                    theme for device in {binder.devices[tool] for tool in kept} for theme in themes_of(device)
                ),
                tools=tools,
                lines=own_lines,
                weight=min(1.0, LARGEST / len(own_lines)),
                alike=_alike(kept, binder),
            )


def themes_of(device: str) -> frozenset[str]:
    """The themes of a class; its id's last part where none is known."""
    return frozenset(theme for pattern, theme in THEMES if re.search(pattern, device)) or frozenset({short(device)})


def _alike(tools: Sequence[str], binder: Binder) -> tuple[frozenset[str], ...]:
    """All that only look something up, and what acts with one verb."""
    queries = frozenset(tool for tool in tools if binder.kinds[tool] == "query")
    acting = [tool for tool in tools if binder.kinds[tool] == "action"]
    return queries, *(frozenset(tool for tool in acting if verb in tool.split("_")) for verb in VERBS)


def _requests(path: Path) -> Iterable[Request]:
    if path.name == "paraphrase.tsv":
        return paraphrases(path)
    if path.name == "dataset.tt":
        return examples(path)
    return annotated(path) if path.name == "annotated.txt" and path.parent.name == "train" else ()


def _device(path: Path) -> str:
    """Id of the class in whose folder a file is."""
    parts = path.parts
    return parts[parts.index("eval") - 1] if "eval" in parts else path.parent.name


convert = convert_skills(read)
