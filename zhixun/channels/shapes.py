"""Checks requests against `openapi.yml`, the one description of the citizen API, and says in Chinese what is wrong."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from aiohttp import web

from zhixun.errors import CitizenError

__all__ = ["checked", "openapi", "read_json"]

_WORDS = {"string": "文字", "boolean": "true 或 false", "object": "对象"}


@cache
def openapi() -> dict[str, Any]:
    """Return the description of the API as OpenAPI 3.1."""
    described: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("openapi.yml").read_text("utf-8"))
    return described


async def read_json(request: web.Request, schema: str) -> dict[str, Any]:
    """Read a request's body as the schema named `schema`.

    Raises:
        CitizenError: (415) it says that it is something else than JSON; it is not UTF-8, not JSON, or does not have the
            described form; names the field.
    """
    # Whoever does not say what it is sends JSON too.
    if request.content_type not in ("application/json", "application/octet-stream"):
        raise CitizenError("请求内容应为 JSON（Content-Type: application/json）。", code="bad_type", status=415)
    try:
        body = json.loads((await request.read()).decode("utf-8", "strict") or "{}")
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CitizenError("请求内容不是有效的 JSON（UTF-8 编码）。", code="bad_json") from error
    return checked(body, schema)


def checked(body: object, schema: str) -> dict[str, Any]:
    """Return `body` when it has the form of `schema`.

    Raises:
        CitizenError: it has not.
    """
    if not isinstance(body, dict):
        raise CitizenError("请求内容应为 JSON 对象。", code="bad_body")
    flaw = jsonschema.exceptions.best_match(_validator(schema).iter_errors(body))
    if flaw is not None:
        field = ".".join(map(str, flaw.absolute_path)) or None
        raise CitizenError(_say(flaw, field), code="bad_field" if field else "bad_body", field=field)
    _refuse_broken_text(body)
    return body


@cache
def _validator(name: str) -> Any:
    described = openapi()
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    return jsonschema.Draft202012Validator(schema)


def _say(flaw: Any, field: str | None) -> str:
    if flaw.validator == "required":
        missing = [wanted for wanted in flaw.validator_value if wanted not in flaw.instance]
        return f"缺少字段：{'、'.join(missing)}。"
    if flaw.validator == "type":
        return f"字段 {field} 应为{_WORDS[flaw.validator_value]}。"
    if flaw.validator == "maxLength":
        return f"字段 {field} 太长，最多 {flaw.validator_value} 个字符。"
    if flaw.validator == "enum":
        return f"字段 {field} 应为：{'、'.join(map(str, flaw.validator_value))}。"
    return f"字段 {field} 的内容不符合要求。"


def _refuse_broken_text(body: dict[str, Any]) -> None:
    """Refuse lone surrogates, which JSON can carry and UTF-8 cannot."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise CitizenError("请求里有无法识别的字符。", code="bad_text") from error
    except RecursionError as error:
        # The reader goes a few levels deeper than the writer.
        raise CitizenError("请求内容的层次太深。", code="bad_json") from error
