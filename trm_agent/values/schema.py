"""What a JSON Schema allows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from functools import lru_cache
from typing import Any

import jsonschema
import regress
from jsonschema.validators import validator_for
from referencing import Registry

from trm_agent.log import logger


class Identity:
    """A schema as a key of caches, told apart by identity: schemas are dicts and live as long as their tool."""

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.schema is self.schema


def validates(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a JSON Schema allows the value.

    A schema that cannot be evaluated (a broken pattern, a type that does not exist) allows nothing; a warning
    names it once.
    """
    return _checked(Identity(schema)).allows(value)


_ANNOTATIONS = frozenset(("title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment"))
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_TIME = re.compile(_CLOCK)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T" + _CLOCK)
_FORMATS = jsonschema.FormatChecker(
    formats=sorted(jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers.keys() - {"time", "date-time"})
)


@_FORMATS.checks("date-time", raises=ValueError)
def _is_datetime(value: object) -> bool:
    return not isinstance(value, str) or bool(_DATETIME.fullmatch(value) and datetime.fromisoformat(value))


@_FORMATS.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or (bool(_TIME.fullmatch(value)) and time.fromisoformat(value) is not None)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """The keyword `pattern` in its own dialect (ECMA-262): a hyphen behind a class of characters is legal there."""
    if validator.is_type(instance, "string") and _compiled(pattern).find(instance) is None:
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regress.Regex:
    """With Unicode classes where the pattern is legal with them; most people write without knowing of them."""
    try:
        return regress.Regex(pattern, "u")
    except regress.RegressError:
        return regress.Regex(pattern)


@lru_cache(maxsize=16)
def _with_ecma_patterns(kind: Any) -> Any:
    return jsonschema.validators.extend(kind, {"pattern": _pattern})  # type: ignore[no-untyped-call]


class _Checked:
    """A schema with its validator."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._any_text = schema.get("type") == "string" and not schema.keys() - _ANNOTATIONS - {"type"}
        self._validator: Any = None

    def allows(self, value: Any) -> bool:
        if self._any_text:
            return isinstance(value, str)
        # A foreign schema can make the library raise almost anything, while building or while validating.
        try:
            if self._validator is None:
                kind = validator_for(self._schema, default=jsonschema.Draft202012Validator)
                self._validator = _with_ecma_patterns(kind)(self._schema, format_checker=_FORMATS, registry=Registry())
            return bool(self._validator.is_valid(value))
        except Exception as error:
            _warn(f"{type(error).__name__}: {error}".splitlines()[0])
            return False


@lru_cache(maxsize=256)
def _warn(problem: str) -> None:
    """Say it once: the same broken tool comes with every turn."""
    logger.warning("a schema cannot be evaluated, so it allows no value: %s", problem)


@lru_cache(maxsize=8192)
def _checked(key: Identity) -> _Checked:
    return _Checked(key.schema)
