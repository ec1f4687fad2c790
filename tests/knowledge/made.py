"""A small knowledge without flaws, made in memory or on disk, for the tests to damage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from zhixun.knowledge.figures import Figures
from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.model import Answer, Basis, Glossary, Knowledge, Question, Source
from zhixun.knowledge.services.model import Service

NO_FIGURES = Figures({"fee": {}, "term": {}})
CHECKED = date(2026, 11, 20)
GLOSSARY = Glossary(
    rights={"商标": ("牌子",), "专利": (), "发明": ("发明专利",)},
    wider={"发明": "专利", "西宁市": "青海省"},
    places={"全国": (), "西宁市": ("西宁",), "青海省": ("青海",), "福州市": ("福州",)},
    more={"disputes": {"侵权": ("抄袭",)}, "stages": {}, "services": {}},
)


def source(source_id: str = "law", **more: object) -> Source:
    """Make a source that is in force."""
    return Source(**{"id": source_id, "title": "某法", "issuer": "全国人大常委会", "region": "全国", "verified": "V", **more})


def answer(**more: object) -> Answer:
    """Make a sound answer."""
    return Answer(**{
        "region": "全国", "text": "期限为3个月。", "facts": ("3个月",), "basis": (Basis("law", "第一条", "期限三个月。"),),
        "checked": CHECKED, **more,
    })  # fmt: skip


def question(question_id: str = "q-one", **more: object) -> Question:
    """Make a sound question; its wordings are its own."""
    return Question(**{
        "id": question_id, "title": f"{question_id}的期限", "ip": ("商标",), "topic": "期限",
        "wordings": tuple(f"{question_id}的第{number}种问法" for number in range(20)), "answers": (answer(),),
        "file": "made.yml", **more,
    })  # fmt: skip


def knowledge(
    *questions: Question,
    sources: tuple[Source, ...] = (),
    glossary: Glossary = GLOSSARY,
    figures: Figures | None = None,
    menus: Mapping[str, tuple[str, ...]] | None = None,
    guides: tuple[Guide, ...] = (),
    services: tuple[Service, ...] = (),
) -> Knowledge:
    """Put questions together; the source `law` is always there, and every right has a menu of the first question."""
    every = questions or (question(),)
    papers = {each.id: each for each in (source(), *sources)}
    if menus is None:
        menus = dict.fromkeys(glossary.rights, (every[0].id,))
    by_name = {guide.name: guide for guide in guides}
    offered = {service.name: service for service in services}
    return Knowledge({each.id: each for each in every}, by_name, offered, papers, glossary, figures or NO_FIGURES, menus, "v1")


SOURCES = """
law: {title: 某法, issuer: 全国人大常委会, region: 全国, from: 2020-01-01, verified: V}
"""
ANSWERS = """
- id: q-one
  title: 一的期限
  ip: [商标]
  topic: 期限
  wordings: [WORDINGS]
  answers:
    - region: 全国
      text: |
        期限为3个月。

        第二段。
      facts: ["3个月"]
      basis: [{source: law, at: 第一条, gist: 期限为三个月整。}]
      checked: 2026-11-20
"""
ANSWERS = ANSWERS.replace("WORDINGS", ", ".join(f"关于这个期限的第{number:02}种问法" for number in range(20)))
FEES = """
filing:
  title: 申请费
  right: 商标
  per: 每件
  reducible: true
  values: [{amount: 900, unit: 元, source: law, at: 附表}]
"""
DEADLINES = """
opposition:
  title: 异议期
  right: 商标
  per: 自公告之日起
  values:
    - {amount: 3, unit: 个月, source: law, at: 第一条, until: 2026-12-31}
    - {amount: 2, unit: 个月, source: law, at: 第二条, from: 2027-01-01}
"""
TERMS = """
rights: {商标: [牌子]}
wider: {}
places: {全国: [], 西宁市: [西宁]}
"""


AGENCIES = """
disputes: {侵权纠纷: [期限], 被控侵权: [期限], 合同纠纷: [期限], 权属纠纷: [期限]}
agencies: {}
"""


def write(folder: Path, sources: str = SOURCES, answers: str = ANSWERS, terms: str = TERMS) -> Path:
    """Write a knowledge folder."""
    (folder / "answers").mkdir(parents=True)
    (folder / "sources.yml").write_text(sources, "utf-8")
    (folder / "answers" / "one.yml").write_text(answers, "utf-8")
    (folder / "glossary.yml").write_text(terms, "utf-8")
    (folder / "fees.yml").write_text(FEES, "utf-8")
    (folder / "deadlines.yml").write_text(DEADLINES, "utf-8")
    (folder / "menus.yml").write_text("商标: [q-one]\n", "utf-8")
    (folder / "coverage.yml").write_text("{}\n", "utf-8")
    (folder / "agencies.yml").write_text(AGENCIES, "utf-8")
    (folder / "regression.yml").write_text("- {text: 期限有多久, expect: [q-one]}\n", "utf-8")
    return folder
