"""The nouns that every layer shares: messages, tools, slots, samples, decisions and who makes them.

spans, messages, docstrings → tools → slots → samples; decisions, deciders. Nothing here loads torch. Everything that
leaves the process has `to_json`, everything that enters it a `from_json` that names what is wrong.
"""

from __future__ import annotations

from trm_agent.types.deciders import BoundDecider, Decider
from trm_agent.types.decisions import (
    DONTCARE,
    SPEECH_ACTS,
    STATE_VERSION,
    Decision,
    DecisionKind,
    SlotState,
    Source,
    SourceKind,
    SpeechAct,
    ToolCall,
    Value,
    history_hash,
    prefix_hashes,
)
from trm_agent.types.messages import (
    ROLES,
    Message,
    Role,
    identifier_words,
    parse_history,
)
from trm_agent.types.samples import (
    Accept,
    Sample,
)
from trm_agent.types.slots import (
    Slot,
    SlotField,
    slot_table,
)
from trm_agent.types.spans import Span
from trm_agent.types.tools import (
    MAX_SCHEMA_DEPTH,
    TYPE_NAMES,
    Parameter,
    ToolSchema,
    argument_leaves,
    parse_tools,
    record_schema,
    records_parameter,
)

__all__ = [
    "DONTCARE",
    "MAX_SCHEMA_DEPTH",
    "ROLES",
    "SPEECH_ACTS",
    "STATE_VERSION",
    "TYPE_NAMES",
    "Accept",
    "BoundDecider",
    "Decider",
    "Decision",
    "DecisionKind",
    "Message",
    "Parameter",
    "Role",
    "Sample",
    "Slot",
    "SlotField",
    "SlotState",
    "Source",
    "SourceKind",
    "Span",
    "SpeechAct",
    "ToolCall",
    "ToolSchema",
    "Value",
    "argument_leaves",
    "history_hash",
    "identifier_words",
    "parse_history",
    "parse_tools",
    "prefix_hashes",
    "record_schema",
    "records_parameter",
    "slot_table",
]
