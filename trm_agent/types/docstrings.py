"""What a function's docstring, given as a tool's description, says of the tool and of each parameter.

`@tool` of LangChain and many servers hand over the whole docstring: Google's, NumPy's or Sphinx's sections included.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from docstring_parser import ParseError, parse

_SECTION = re.compile(r"^\s*(?:Args|Arguments|Parameters|Params)\s*:?\s*$|^\s*:param\b", re.MULTILINE | re.IGNORECASE)


def read_docstring(description: str, names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """A description without its section of parameters, and parameter → what that section says of it.

    Args:
        description: Of a tool, as it was declared.
        names: The tool's parameters. A section that names none of them is no such section.

    Returns:
        The very description and nothing, where it is no docstring of these parameters.
    """
    if not _SECTION.search(description):
        return description, {}
    try:
        parsed = parse(description)
    except ParseError:
        return description, {}
    said = {
        found.arg_name: " ".join(found.description.split())
        for found in parsed.params
        if found.description and found.arg_name in names
    }
    if not said:
        return description, {}
    summary = " ".join(part for part in (parsed.short_description, parsed.long_description) if part)
    return summary or description, said
