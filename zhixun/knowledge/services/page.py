"""The catalogue and its forms as plain records, for pages and for other systems."""

from __future__ import annotations

from typing import Any

from zhixun.knowledge.guides.model import Step
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.services.model import GROUPS, REVIEW, Service

__all__ = ["catalogue_page"]


def catalogue_page(knowledge: Knowledge) -> dict[str, dict[str, Any]]:
    """Return every service by its id, in the catalogue's order, with what a page needs to show it and its form."""
    return {service.id: _service(service, knowledge) for service in knowledge.services.values()}


def _service(service: Service, knowledge: Knowledge) -> dict[str, Any]:
    form = service.form
    return {
        "id": service.id, "title": service.title, "apply": form.title, "group": GROUPS[service.group], "order": service.order,
        "force": service.force, "who": service.who, "free": service.free, "about": service.about,
        "basis": [{"title": knowledge.sources[basis.source].title, "at": basis.locator, "gist": basis.gist} for basis in service.basis],
        "fields": [_field(step, service) for step in form.steps.values() if step.id != REVIEW],
    }  # fmt: skip


def _field(step: Step, service: Service) -> dict[str, Any]:
    ways = (way for before in service.form.steps.values() for way in before.ways if way.go == step.id)
    when = next((way.when for way in ways), {})
    return {
        "id": step.id, "about": step.about, "ask": step.ask, "kind": step.kind, "help": step.help, "optional": step.optional,
        "most": step.most, "choices": [{"id": choice.id, "title": choice.title} for choice in step.choices],
        "when": {asked: list(values) for asked, values in when.items()},
    }  # fmt: skip
