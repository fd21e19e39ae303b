"""A folder that keeps the vectors of whole tool lists from one process to the next, bounded by bytes.

Each list is a file named by the digest of its texts, so an equal list is found again and a changed one is not. The
least recently used files go where the folder grows beyond its bound. What cannot be read or written is said in the log
and costs only the encoding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from trm_agent.errors import EncoderError
from trm_agent.log import logger

CAPACITY = 256 << 20
LEAST_TEXTS = 8
"""Of fewer texts, encoding costs hardly more than a file."""


class ToolFolder:
    """Files of tool vectors.

    Args:
        folder: Made when the first file is written; of one encoder.
        capacity: Bytes of all files together.
    """

    def __init__(self, folder: Path, capacity: int = CAPACITY) -> None:
        self.folder = folder
        self.capacity = capacity

    def path(self, digests: Iterable[bytes]) -> Path:
        """Where a list is, or would be, by the digests of its texts in any order."""
        name = hashlib.blake2b(b"".join(sorted(digests)), digest_size=16).hexdigest()
        return self.folder / f"{name}.safetensors"

    def load(self, path: Path, read: Callable[[Path], int]) -> None:
        """Read a list if it is there; a file that cannot be read is taken away."""
        if not path.is_file():
            return
        try:
            read(path)
            path.touch()
        except (EncoderError, OSError) as error:
            logger.warning("%s; the tools are encoded anew", error)
            path.unlink(missing_ok=True)

    def save(self, path: Path, write: Callable[[Path], None]) -> None:
        """Write a list, and take the oldest away where there is no room."""
        try:
            write(path)
            self._make_room(path)
        except (EncoderError, OSError) as error:
            logger.warning("tool vectors are not kept between processes: %s", error)

    def _make_room(self, newest: Path) -> None:
        found = [(file.stat(), file) for file in self.folder.glob("*.safetensors")]
        held = sum(stat.st_size for stat, _ in found)
        for stat, file in sorted(found, key=lambda pair: pair[0].st_mtime):
            if held <= self.capacity:
                return
            if file != newest:
                file.unlink(missing_ok=True)
                held -= stat.st_size
