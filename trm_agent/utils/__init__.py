"""Raw conversations into samples: the import path that the project's users know.

raw_files (folders) → raw_turns (one turn) → observed_tools (where none are declared) → data_processor (samples)
"""

from trm_agent.utils.data_processor import (
    DEFAULT_SLOT_FIELDS,
    RawDataProcessor,
    build_history,
    process_raw_conversation,
)

__all__ = ["DEFAULT_SLOT_FIELDS", "RawDataProcessor", "build_history", "process_raw_conversation"]
