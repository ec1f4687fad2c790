"""Pages are drawn from templates of their own and the shared surroundings, escaped, and load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from zhixun.drawn import drawn, environment_of

SITE = {"name": "知询", "office": "<办公室>"}


@pytest.fixture
def environment(tmp_path: Path) -> jinja2.Environment:
    words = '{% extends "page.html" %}\n{% block title %}{{ title }}{% endblock %}\n{% block main %}<h1>{{ title }}</h1>{% endblock %}'
    (tmp_path / "own.html").write_text(words, "utf-8")
    return environment_of(tmp_path)


def test_a_template_stands_in_the_shared_page_and_words_are_escaped(environment: jinja2.Environment) -> None:
    answer = drawn(environment, "own.html", 404, site=SITE, title="没有 <b>")
    assert (answer.status, answer.content_type, answer.charset) == (404, "text/html", "utf-8")
    assert answer.text is not None
    assert "<title>没有 &lt;b&gt; · 知询</title>" in answer.text
    assert "<span>&lt;办公室&gt;</span> <b>知询</b>" in answer.text
    assert '<main id="main" tabindex="-1">\n<h1>没有 &lt;b&gt;</h1></main>' in answer.text


@pytest.mark.parametrize(("forms", "target"), [(True, "'self'"), (False, "'none'")])
def test_a_page_is_kept_nowhere_and_sends_forms_here_or_nowhere(environment: jinja2.Environment, forms: bool, target: str) -> None:
    headers = drawn(environment, "own.html", forms=forms, site=SITE, title="").headers
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules["form-action"] == target
    assert (rules["default-src"], rules["script-src"], rules["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert headers["Cache-Control"] == "no-store"


def test_a_word_that_was_forgotten_is_no_empty_place(environment: jinja2.Environment) -> None:
    with pytest.raises(jinja2.UndefinedError, match="title"):
        drawn(environment, "own.html", site=SITE)


def test_what_was_compiled_elsewhere_is_drawn_anew_when_its_words_change(environment: jinja2.Environment, tmp_path: Path) -> None:
    assert "<h1>旧</h1>" in str(drawn(environment, "own.html", site=SITE, title="旧").text)
    assert "<h1>同</h1>" in str(drawn(environment_of(tmp_path), "own.html", site=SITE, title="同").text)
    words = (tmp_path / "own.html").read_text("utf-8")
    (tmp_path / "own.html").write_text(words.replace("h1>", "h2>"), "utf-8")
    assert "<h2>新</h2>" in str(drawn(environment_of(tmp_path), "own.html", site=SITE, title="新").text)
