"""Values: how two of them compare, how one is read from text, and what a JSON Schema allows.

declared (what a parameter asks for) → numbers, currencies, date_forms, forms, choices, lists → place,
said_number ("eight fifty"), calendar_number ("October"), number_in_message ("90 minutes"; `text.units` knows units),
code_in_message, day_beside, period_in_message, moment_in_message, in_message (with the words beside it; begin here) →
parse (a text) → schema (is it allowed) → compare

Nothing is guessed. Text that cannot be read in one way only gives None, and whatever is returned validates against
the parameter's schema.
"""

from trm_agent.values.choices import described_choices, described_names
from trm_agent.values.compare import choice_text, matches, normalise
from trm_agent.values.numbers import read_number
from trm_agent.values.parse import parse_value, read_boolean
from trm_agent.values.schema import validates

__all__ = [
    "choice_text",
    "described_choices",
    "described_names",
    "matches",
    "normalise",
    "parse_value",
    "read_boolean",
    "read_number",
    "validates",
]
