"""Raw conversations into samples: the import path that the project's users know.

raw_files (folders) → raw_turns (one turn) → declarations, observed_tools (where none are declared), calls →
data_processor (samples); any_format → logs (other formats)
"""

from trm_agent.utils.data_processor import (
    DEFAULT_SLOT_FIELDS,
    RawDataProcessor,
    build_history,
    process_raw_conversation,
)

__all__ = ["DEFAULT_SLOT_FIELDS", "RawDataProcessor", "build_history", "process_raw_conversation"]
