"""A conversation that is read on turn by turn is read as if it were read at once."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

import pytest
import torch

from trm_agent.features.batch import Batch, collate
from trm_agent.features.conversation import Conversation
from trm_agent.features.tools import build_tool_table
from trm_agent.features.window import read_windows
from trm_agent.model.reader_cache import ReadingMemory
from trm_agent.testing import HashingEncoder, tiny_model
from trm_agent.types import Message

ENCODER = HashingEncoder()
TABLE = build_tool_table((), (), ENCODER)
READER = tiny_model().eval().reader


def talk(*texts: str) -> list[Message]:
    return [Message("user" if i % 2 == 0 else "assistant", text) for i, text in enumerate(texts)]


def window(history: Sequence[Message]) -> tuple[Conversation, Batch]:
    ((read, _),) = read_windows(history, [len(history)], ENCODER, 40_000)
    return read, collate([(TABLE, read, [len(history)])])


def check(memory: ReadingMemory, history: Sequence[Message]) -> int:
    """Compare with reading at once; how many tokens were read."""
    before = memory.tokens_read
    read, batch = window(history)
    with torch.inference_mode():
        torch.testing.assert_close(memory.read(read, batch), READER(batch), atol=1e-5, rtol=1e-5)
    return memory.tokens_read - before


def test_only_new_tokens_are_read() -> None:
    memory = ReadingMemory(READER)
    history = talk("a bus to Fresno", "from where ?", "Anaheim please", "", "and back")
    assert [check(memory, history[:n]) for n in (1, 3, 5)] == [4, 5, 2]
    assert check(memory, history) == 0, "decided again"
    assert check(memory, history[:3]) == 0, "an earlier turn of the same conversation"


def test_a_conversation_that_goes_another_way_shares_its_beginning() -> None:
    memory = ReadingMemory(READER)
    history = talk("a bus to Fresno", "from where ?", "Anaheim")
    assert check(memory, history) == 8
    assert check(memory, [*history[:2], Message("user", "San Jose")]) == 2
    assert check(memory, [Message("system", history[0].text), *history[1:]]) == 8, "another role is another message"
    assert check(memory, history) == 0


def test_a_window_that_moves_on_is_read_anew() -> None:
    memory = ReadingMemory(READER)
    history = talk(*(f"{' '.join(f'w{i}x{j}' for j in range(40))}" for i in range(45)))
    read = [check(memory, history[:n]) for n in range(1, 46, 2)]
    assert read[5] == 80
    assert max(read[10:]) > 500
    assert sum(read) < 8 * 768


def test_memory_is_bounded_and_can_be_none_at_all() -> None:
    history = talk("a bus to Fresno", "from where ?", "Anaheim")
    none = ReadingMemory(READER, capacity=0)
    assert [check(none, history), check(none, history)] == [8, 8]
    size = 8 * 16 * 4 * 3
    small = ReadingMemory(READER, capacity=2 * size)
    others = [talk("a car to Fresno", "from where ?", "Oakland"), talk("no bus to Fresno", "from there ?", "Anaheim")]
    assert [check(small, other) for other in (history, others[0])] == [8, 8]
    assert check(small, history) == 0
    assert check(small, others[1]) == 8
    assert check(small, history) == 0, "used lately"
    assert check(small, others[0]) == 8, "forgotten"


@pytest.mark.parametrize("capacity", [4_000, 64 << 20])
def test_many_threads_read_many_conversations(capacity: int) -> None:
    memory = ReadingMemory(READER, capacity)
    failed: list[BaseException] = []

    def work(name: int) -> None:
        try:
            history = talk(*(f"person {name % 4} says {turn} things to {name}" for turn in range(9)))
            for n in range(1, 10, 2):
                check(memory, history[:n])
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
