"""What a `ChatTRM` is configured with, and what tells two of them apart: in caches, in traces, on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from langchain_core.language_models import BaseChatModel, LangSmithParams, ModelProfile
from langchain_core.messages import BaseMessage
from langchain_core.utils import from_env
from pydantic import ConfigDict, Field, PrivateAttr, SkipValidation, field_validator, model_validator

from langchain_trm.confirming import Policy
from langchain_trm.loading import ChatRouter, add_tool_vectors, load_router
from langchain_trm.messages import read_messages
from langchain_trm.output import PROVIDER
from langchain_trm.replies import DEFAULT_REPLY
from langchain_trm.thresholds import Thresholds
from langchain_trm.tools import read_tools
from trm_agent.responses.frames import shipped_or_own
from trm_agent.types import Decider, SlotField

if TYPE_CHECKING:
    from trm_agent.responses.choosing import Responses

JsonDict = dict[str, Any]

SHIPPED_MODEL = "trm"
MAX_INPUT_TOKENS = 768

_SAMPLING = {
    *("temperature", "top_p", "top_k", "seed", "n", "frequency_penalty", "presence_penalty", "model_kwargs"),
    *("max_tokens", "max_completion_tokens", "timeout", "max_retries", "api_key", "base_url"),
}


class TRMSettings(BaseChatModel):
    """Fields and identity; `ChatTRM` adds what it does with them."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    model: str | None = Field(default_factory=from_env("TRM_MODEL", default=None))
    """Checkpoint folder; None (and no `TRM_MODEL` in the environment) means the shipped weights."""

    tool_vectors: str | PathLike[str] | None = None
    """File that `save_tool_vectors` wrote: its tools are bound without encoding them. It changes no answer."""

    threads: int | None = Field(default=None, ge=1)
    """CPU threads of the process, set when weights are loaded; None: `TRM_THREADS`, else one. It changes no answer."""

    backend: Literal["auto", "onnx", "torch"] = "auto"
    """What runs network and encoder: onnxruntime where it can, else torch. It changes no answer."""

    router: SkipValidation[ChatRouter | None] = Field(default=None, exclude=True, repr=False)
    """A router to use instead of loading one."""

    tools: list[JsonDict] = Field(default_factory=list)
    """On offer unless `bind_tools` gives others; every form LangChain takes."""

    slot_fields: tuple[SlotField, ...] | None = None
    """What to remember beside the tools' parameters: names, or `SlotField`s; None means what the weights know."""

    min_confidence: float | None = Field(default=None, ge=0, le=1)
    """Below it a decision raises `LowConfidenceError`; None never raises, unless there are `thresholds`."""

    min_call_confidence: float | None = Field(default=None, ge=0, le=1)
    """The same for a call as a whole, every argument right; None: only decision and tool must be sure."""

    thresholds: Thresholds | None = None
    """Fitted by `fit_threshold`; each counts where the setting above is not made and tools and weights are the same."""

    responses: Literal["auto", "retrieve", "generate", "ask"] = "auto"
    """Whose words direct answers have: the checkpoint's, else frames; its bank; its decoder; the asking rule alone."""

    frames: str | None = None
    """File of frames for what `responses` and `responder` do not word (another language, say); None: the package's."""

    responder: Any = Field(default=None, exclude=True, repr=False)
    """A Runnable that words what `responses` do not: a chat model, or a chain of `messages` and `decision`."""

    reply: str = DEFAULT_REPLY
    """What to say when there is nothing to ask and nothing to report, and no responder."""

    confirm: Policy = "auto"
    """Before which calls the user is asked: `auto`, `always`, `never`, names of tools, or a function of a call."""

    hand_over_unserved: bool | None = None
    """Whether a request that no tool serves raises `LowConfidenceError`, for a larger model to take; None: where a
    confidence is asked for, so that one stands behind."""

    now: datetime | Callable[[], datetime] | None = Field(default=None, repr=False)
    """What "tomorrow" counts from; a time zone may be attached. None is the present."""

    max_calls: int = Field(default=8, ge=1)
    """Tool calls in one turn; after that the turn is answered or handed over."""

    stop: list[str] | None = None
    """Words at which a direct answer is cut off."""

    streaming: bool = False
    """Let `invoke` go through the streaming path."""

    earlier: list[JsonDict] = Field(default_factory=list, repr=False)
    """History entries from before the messages, which a summary has replaced (`TRMMiddleware` fills it)."""

    snapshot: JsonDict | None = Field(default=None, repr=False)
    """A slot state kept beside the messages (`TRMMiddleware` fills it)."""

    _loaded: tuple[str | None, ChatRouter] | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _without_sampling(cls, values: Any) -> Any:
        """Sampling and connection parameters mean nothing here; a misspelt field is still an error."""
        if not isinstance(values, Mapping):
            return values
        return {key: value for key, value in values.items() if key not in _SAMPLING and key != "_serialized"}

    @field_validator("tools", mode="before")
    @classmethod
    def _convert_tools(cls, tools: Any) -> list[JsonDict]:
        return read_tools(tools or ())

    @field_validator("slot_fields", mode="before")
    @classmethod
    def _convert_slot_fields(cls, fields: Any) -> tuple[SlotField, ...] | None:
        return None if fields is None else tuple(map(_slot_field, fields))

    @field_validator("thresholds", mode="before")
    @classmethod
    def _convert_thresholds(cls, thresholds: Any) -> Any:
        return Thresholds.from_json(thresholds) if isinstance(thresholds, Mapping) else thresholds

    @model_validator(mode="after")
    def _set_trm_version(self) -> Self:
        if hasattr(self, "_add_version"):
            self._add_version("trm-agent", _version())
        return self

    def loaded(self, model: str | None = None) -> ChatRouter:
        """The router: the one given, or the weights of `model`, loaded on first use and shared between instances.

        Raises:
            EncoderError: `tool_vectors` cannot be read, or are another encoder's.
        """
        router = self._router(model)
        if self.tool_vectors is not None:
            add_tool_vectors(router, Path(self.tool_vectors))
        return router

    def warm_up(self) -> Self:
        """Load the weights, encode `tools` and decide once, so that the first turn takes no longer than the next.

        What is loaded by then is taken out of garbage collection (`gc.freeze`), for the whole process.
        """
        router = self.loaded()
        if self.tools:
            router.bind(self.tools, self.slot_fields)
        router.warm_up()
        return self

    def _router(self, model: str | None) -> ChatRouter:
        if model is not None and model != self.model:
            return load_router(None if model == SHIPPED_MODEL else model, self.threads, self.backend)
        if self.router is not None:
            return self.router
        if self._loaded is None or self._loaded[0] != self.model:
            path = None if self.model == SHIPPED_MODEL else self.model
            self._loaded = self.model, load_router(path, self.threads, self.backend)
        return self._loaded[1]

    def __getstate__(self) -> JsonDict:
        """Pickled without its weights: they are loaded again where it is used."""
        state = super().__getstate__()
        return {**state, "__pydantic_private__": {**(state["__pydantic_private__"] or {}), "_loaded": None}}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that shares weights and responder."""
        return self.model_copy(update={"tools": deepcopy(self.tools), "earlier": deepcopy(self.earlier)})

    def settings(self) -> JsonDict:
        """What `save_pretrained` writes beside the weights."""
        return {
            "tools": self.tools,
            "slot_fields": None if self.slot_fields is None else [field.to_json() for field in self.slot_fields],
            "min_confidence": self.min_confidence,
            "min_call_confidence": self.min_call_confidence,
            "thresholds": self.thresholds.to_json() if self.thresholds else None,
            "responses": self.responses,
            "frames": self.frames,
            "reply": self.reply,
            "max_calls": self.max_calls,
            "confirm": self.confirm if not callable(self.confirm) else None,
            "hand_over_unserved": self.hand_over_unserved,
            "stop": self.stop,
        }

    def present(self) -> datetime | None:
        """What relative dates count from; None leaves it to the router."""
        return self.now() if callable(self.now) else self.now

    def get_token_ids(self, text: str) -> list[int]:
        """The ids the encoder's tokenizer gives."""
        if self.custom_get_token_ids is not None:
            return self.custom_get_token_ids(text)
        return self.loaded().token_ids(text)

    def get_num_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.get_token_ids(text)) if self.custom_get_token_ids else _token_count(self.loaded(), text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Tokens of the messages as the router reads them, and of the tools' declarations, if given."""
        texts = [entry.message.text for entry in read_messages(messages, self.earlier)]
        texts += [json.dumps(tool, ensure_ascii=False) for tool in read_tools(tools or ())]
        return sum(map(self.get_num_tokens, texts))

    @property
    def _llm_type(self) -> str:
        return "trm"

    @property
    def _identifying_params(self) -> JsonDict:
        """The cache key: everything an answer depends on besides the messages."""
        router = self.loaded()
        present = self.present()
        return {
            "model": self.model or SHIPPED_MODEL,
            "weights": router.fingerprint,
            "encoder": router.encoder.fingerprint,
            **self.settings(),
            "bank": _bank(router),
            "decoder": _decoder(router),
            "frames_used": [frames.fingerprint for frames in shipped_or_own(self.frames)],
            "stop_words": self.stop,
            "responder": _identity(self.responder),
            "now": present.isoformat()
            if present is not None and not callable(self.now)
            else str(present or date.today()),
            "earlier": self.earlier,
        }

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> JsonDict:
        params = super()._get_invocation_params(stop=stop, **kwargs)
        if isinstance(kwargs.get("model"), str):
            params["weights"] = self.loaded(kwargs["model"]).fingerprint
        return params

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = PROVIDER
        params["ls_model_name"] = self._model_name(kwargs)
        return params

    def _model_name(self, kwargs: Mapping[str, Any]) -> str:
        return kwargs.get("model") or self.model or SHIPPED_MODEL

    def _resolve_model_profile(self) -> ModelProfile:
        """No `structured_output`: agents would ask for a provider's JSON mode instead of calling the output tool."""
        return ModelProfile(
            tool_calling=True,
            tool_choice=True,
            tool_call_streaming=True,
            text_inputs=True,
            text_outputs=True,
            max_input_tokens=MAX_INPUT_TOKENS,
        )


def _slot_field(value: Any) -> SlotField:
    if isinstance(value, str):
        return SlotField(value)
    return value if isinstance(value, SlotField) else SlotField.from_json(value)


def _bank(router: Decider) -> str | None:
    """Which answers the router's checkpoint holds."""
    responses: Responses | None = getattr(router, "responses", None)
    return None if responses is None else str(responses.bank.fingerprint)


def _decoder(router: Decider) -> str | None:
    """Which decoder the router's checkpoint holds."""
    responses: Responses | None = getattr(router, "responses", None)
    return None if responses is None or responses.writer is None else str(responses.writer.fingerprint)


def _identity(responder: Any) -> str | None:
    if responder is None:
        return None
    if not isinstance(responder, BaseChatModel):
        return repr(responder)
    return str(getattr(responder, "asdict", responder.dict)())


@lru_cache(maxsize=1)
def _version() -> str:
    try:
        return version("trm-agent")
    except PackageNotFoundError:
        return "0"


@lru_cache(maxsize=8192)
def _token_count(router: ChatRouter, text: str) -> int:
    """A conversation's messages are counted again every turn."""
    return router.count_tokens(text)
