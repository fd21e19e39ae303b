"""Requests with one call → the question whether it shall be made, and what people answer to it.

uv run python recipes/answer_confirmations.py --data everyday_train.jsonl --output answered.jsonl --share 0.2 --seed 1

"Shall I?" is answered in few words, and few of them are a yes: people wait, ask back, say thanks, tell that it is done
already. Corpora hold hardly any of it. Here the assistant asks before the call of a request, in the words of the
package or in shorter ones, and the user answers with a line of `recipes/confirmations/train.yaml`. Only a yes keeps
the call. `--replies` names another file: those of `test.yaml` stand in no training set.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from recipes.join_requests import one_call
from recipes.mix_samples import conversations
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging
from trm_agent.responses.frames import load_frames
from trm_agent.responses.phrasing import confirmation
from trm_agent.types import ToolSchema, identifier_words, parse_tools

REPLIES = Path(__file__).with_name("confirmations") / "train.yaml"
KINDS = ("request", "oblique", "elliptic", "typo", "voice", "followup", "refer_back")
"""Of the everyday corpus: what is asked for here may be confirmed; a question that a tool answers is not."""


@dataclass(frozen=True)
class Outcome:
    """What a kind of reply is in a sample.

    Attributes:
        kind: As the everyday corpus names it.
        act: Speech act.
        share: Of all replies.
        content: Words of the answer; of a yes none, for the call is made.
    """

    kind: str
    act: str
    share: float
    content: str


OUTCOMES: Mapping[str, Outcome] = {
    "yes": Outcome("confirm_yes", "confirm", 0.4, ""),
    "no": Outcome("confirm_no", "refuse", 0.18, "All right, I won't."),
    "wait": Outcome("hesitation", "hesitate", 0.16, "All right, I will wait."),
    "question": Outcome("question", "question", 0.08, "I cannot say more about it. Tell me whether I shall go on."),
    "small_talk": Outcome("smalltalk", "small_talk", 0.06, "You're welcome. Tell me whether I shall go on."),
    "report": Outcome("report", "state", 0.06, "Then there is nothing left to do."),
    "give_up": Outcome("give_up", "give_up", 0.06, "All right, we leave it."),
}
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "en": ("Shall I go ahead?", "Shall I?", "{}. Shall I do that?", "{}, right?", "That is {}. OK?", "{}. Go ahead?"),
    "de": ("Soll ich?", "{}. Soll ich das machen?", "{}, richtig?", "{}. In Ordnung?"),
    "fr": ("Je le fais ?", "{}. Je le fais ?", "{}, c'est bien ça ?", "{}. On y va ?"),
    "es": ("¿Lo hago?", "{}. ¿Lo hago?", "{}, ¿correcto?", "{}. ¿Sigo adelante?"),
    "pt": ("Faço isso?", "{}. Posso fazer?", "{}, certo?", "{}. Confirma?"),
    "vi": ("Em làm nhé?", "{}. Em làm luôn nhé?", "{}, đúng không ạ?", "{}. Anh/chị xác nhận giúp em nhé?"),
    "zh": ("要办吗？", "{}。可以吗？", "{}，对吗？", "{}。确认吗？"),
}
"""Language → questions in few words; `{}` are the values of the call."""
_WORDS = re.compile(r"[^\W\d_]{3,}")

Replies = Mapping[str, Mapping[str, Sequence[str]]]
"""Kind → language → replies."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--replies", type=Path, default=REPLIES, help="what people answer, by kind and language")
    parser.add_argument("--share", type=float, default=0.2, help="of the requests before whose call is asked")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    rng = random.Random(f"confirm/{args.seed}")
    try:
        replies = yaml.safe_load(args.replies.read_text(encoding="utf-8"))
        requests = [sample for path in args.data for group in conversations(path) for sample in group if asks(sample)]
        made = [answered(sample, replies, rng) for sample in requests if rng.random() < args.share]
        with args.output.open("w", encoding="utf-8") as out:
            for sample in filter(None, made):
                out.write(json.dumps(sample, ensure_ascii=False) + "\n")
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    logger.info("%d requests, %d answered → %s", len(requests), len(made) - made.count(None), args.output)
    return 0


def asks(sample: Mapping[str, Any]) -> bool:
    """Whether it is a request with one call, before which one may be asked."""
    return one_call(sample) and sample["meta"].get("kind") in KINDS and bool(sample["tool"]["arguments"])


def answered(sample: Mapping[str, Any], replies: Replies, rng: random.Random) -> Mapping[str, Any] | None:
    """The sample, asked and answered; None where no reply of the drawn kind fits its language and its tool."""
    language = str(sample["meta"].get("subset"))
    if language not in QUESTIONS:
        return None
    tool = next(tool for tool in parse_tools(sample["tools"]) if tool.name == sample["tool"]["name"])
    question = asked(tool, sample["tool"]["arguments"], language, rng)
    name = rng.choices(list(OUTCOMES), [outcome.share for outcome in OUTCOMES.values()])[0]
    outcome = OUTCOMES[name]
    fitting = [reply for reply in replies[name].get(language, ()) if not doubtful(reply, name, tool, question)]
    if not fitting:
        return None
    said = [{"role": "assistant", "content": question}, {"role": "user", "content": styled(rng.choice(fitting), rng)}]
    meta = {**sample["meta"], "kind": outcome.kind, "speech_act": outcome.act}
    out = {**sample, "id": f"{sample['id']}/{name}", "history": [*sample["history"], *said], "meta": meta}
    out["meta"].pop("either", None)
    if name != "yes":
        out |= {"decision": "direct_answer", "tool": {}, "content": outcome.content}
        out["meta"]["intent"] = None
        out.pop("accept", None)
        out.pop("calls", None)
        if not sample["meta"].get("slots_known", True):
            out["slots"] = {}
    return out


def asked(tool: ToolSchema, arguments: Mapping[str, Any], language: str, rng: random.Random) -> str:
    """A question before a call, in the words of the package or in few."""
    if rng.random() < 0.5 and language in ("en", "vi"):
        made = confirmation(load_frames(language=language), tool, list(arguments.items()), rng.random() < 0.2)
        if made:
            return made[0]
    values = ", ".join(str(value) for value in arguments.values() if isinstance(value, str | int | float))
    kinds = [text for text in QUESTIONS[language] if values or "{}" not in text]
    text = rng.choice(kinds).format(values)
    return text[0].upper() + text[1:]


def doubtful(reply: str, name: str, tool: ToolSchema, question: str) -> bool:
    """Whether a refusal may be the order itself: "cancel it" after "Shall I cancel it?"."""
    if name not in ("no", "give_up"):
        return False
    about = {word.casefold() for word in _WORDS.findall(f"{identifier_words(tool.name)} {question}")}
    return not about.isdisjoint(word.casefold() for word in _WORDS.findall(reply))


def styled(reply: str, rng: random.Random) -> str:
    """As it is typed: with a capital or a full stop now and then."""
    if rng.random() < 0.3:
        reply = reply[0].upper() + reply[1:]
    return reply + "." if rng.random() < 0.15 and reply[-1].isalnum() else reply


if __name__ == "__main__":
    sys.exit(main())
