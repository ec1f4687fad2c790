"""The lint of the catalogue and its forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from zhixun.knowledge.guides.check import source_flaws, step_flaws
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.services.model import GROUPS, Service

__all__ = ["catalogue_flaws", "service_flaws"]

WORDINGS = 12
_SAYS_UNWRITTEN = re.compile("只列|只点|只提|没有写|没写|没有条款")
LONGEST_FORM = 15


def service_flaws(service: Service, knowledge: Knowledge) -> Iterator[str]:
    """Yield the flaws of one service, in Chinese."""
    form = service.form
    if len(form.wordings) < WORDINGS:
        yield f"只有 {len(form.wordings)} 种问法，至少要 {WORDINGS} 种"
    if len(form.steps) > LONGEST_FORM:
        yield f"表单有 {len(form.steps)} 项，最多 {LONGEST_FORM} 项"
    if not service.written and not _SAYS_UNWRITTEN.search(service.about):
        yield "written: false 的服务要在 about 里说明规范只列了名称"
    yield from (f"权利“{ip}”不在 glossary.yml 的 rights 里" for ip in form.ip if ip not in knowledge.glossary.rights)
    yield from source_flaws(service.basis, knowledge)
    about = Counter(step.about for step in form.steps.values())
    yield from (f"两个字段都叫“{name}”，说“改{name}”时分不清" for name, count in about.items() if count > 1)
    yield from (f"字段 {step.id}：{flaw}" for step in form.steps.values() for flaw in step_flaws(step))
    # Several fields before one lead to it, all by the same condition.
    conditions = {(way.go, asked, value) for step in form.steps.values() for way in step.ways for asked, values in way.when.items()
                  for value in values}  # fmt: skip
    unknown = sorted(one for one in conditions if form.steps[one[1]].choice(one[2]) is None)
    yield from (f"字段 {field} 的条件：{asked} 没有选项 {value}" for field, asked, value in unknown)


def catalogue_flaws(knowledge: Knowledge, targets: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the catalogue as a whole: places in the order, and groups of staff that there are not.

    Args:
        targets: the groups of staff that `site.yml` names.
    """
    for group, words in GROUPS.items():
        orders = [service.order for service in knowledge.services.values() if service.group == group]
        if sorted(orders) != list(range(1, len(orders) + 1)):
            yield "services", f"{words}的 order 应为 1 到 {len(orders)}，不重不漏：现在是 {sorted(orders)}"
    for service in knowledge.services.values():
        if service.target not in targets:
            yield f"services/{service.file}", f"target“{service.target}”不在 site.yml 的 teams 里"
