"""Raw conversations into samples: the import path that the project's users know."""

from trm_agent.utils.data_processor import (
    DEFAULT_SLOT_FIELDS,
    RawDataProcessor,
    build_history,
    process_raw_conversation,
)

__all__ = ["DEFAULT_SLOT_FIELDS", "RawDataProcessor", "build_history", "process_raw_conversation"]
