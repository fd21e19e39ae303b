"""How often augmentation changes what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """How often what is changed.

    Attributes:
        hint: That tools do not say that they are read-only; what changes something goes on saying so, since asking
            before it is a policy that only the hint asks for.
        tool_description: That a tool's description is dropped.
        slot_description: That a parameter's description is dropped.
        neutral: That the tools of an episode have names that say nothing (where descriptions say it).
        nameless: That its parameters have names that say nothing (where descriptions say it).
        abbreviated: That they have names cut short, of the others.
        number: That a parameter whose values are all numbers is declared as one.
        foreign: That a request meets the tools of another one, none of which serves it.
        instruction: That something no tool is for ("write a poem") is asked beside a request, of as many as these.
        together: That requests are made in one message, with a call for each.
        most_characters: Of such a message.
        chain: That an episode of one request goes before another.
        longest_chain: Requests in one conversation.
        most_tools: On offer in a chained conversation.
        typos: That a user's message has slips of the fingers.
        accents: That it is typed without accents.
    """

    hint: float = 0.5
    tool_description: float = 0.08
    slot_description: float = 0.12
    neutral: float = 0.04
    nameless: float = 0.15
    abbreviated: float = 0.06
    number: float = 0.5
    foreign: float = 0.1
    instruction: float = 0.06
    together: float = 0.12
    most_characters: int = 600
    chain: float = 0.6
    longest_chain: int = 4
    most_tools: int = 14
    typos: float = 0.08
    accents: float = 0.1
