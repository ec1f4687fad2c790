"""Names of files: what a sender calls a file leads nobody astray."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.archive.file_names import clean_name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("商标注册证.pdf", "商标注册证.pdf"),
        ("扫描件.PNG", "扫描件.pdf"),
        ("合同.pdf.exe", "合同.pdf.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\wang\\桌面\\证书.docx", "证书.pdf"),
        ("第1.2版", "第1.2版.pdf"),
        ("v1.2", "v1.2.pdf"),
        ("发票\u202efdp.exe", "发票fdp.pdf"),
        ("a\u200b\u2066b\x00\x1f.pdf", "ab.pdf"),
        ("两  段\t名\r\n字.pdf", "两 段 名 字.pdf"),
        ('a<b>:"c|d?e*.pdf', "abcde.pdf"),
        ("e\u0301t\u00e9.pdf", "\u00e9t\u00e9.pdf"),
        (" . 隐藏. .pdf", "隐藏.pdf"),
        (".htaccess", "htaccess.pdf"),
        (".pdf", "附件.pdf"),
        ("", "附件.pdf"),
        ("...", "附件.pdf"),
        ("\ud800坏", "坏.pdf"),
        ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
def test_names(given_name: str, kept: str) -> None:
    assert clean_name(given_name, ".pdf") == kept


@given(st.text(max_size=200))
def test_whatever_is_given_the_name_is_harmless(given_name: str) -> None:
    name = clean_name(given_name, ".docx")
    assert name.endswith(".docx")
    assert len(name) <= 120
    assert not set(name) & set('/\\<>:"|?*')
    assert not [char for char in name if unicodedata.category(char)[0] == "C"]
    assert name == name.strip()
    assert not name.startswith(".")
    assert name.encode()
    assert clean_name(name, ".docx") == name
