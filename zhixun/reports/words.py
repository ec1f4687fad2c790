"""What citizens said, in their own words and without anybody's: questions that had no answer, and words that are new.

A report is read by people who need not know who asked. So words are shown only when they cannot lead to somebody: those of the
knowledge itself, and those said in at least `SHARED` consultations; all others, above all names, numbers, firms and the single
letters that rare names are cut into, become “…”. What was said in one consultation alone is not shown at all.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from zhixun.reports.changes import Change, changes

__all__ = ["MOST_CLUSTERED", "SHARED", "Cluster", "Said", "Vocabulary", "Words", "clusters", "new_words", "shown", "words_in"]

SHARED = 3
"""In so many consultations must a word have been said that is not of the knowledge; one person may well ask twice."""
MOST_CLUSTERED = 3_000
"""So many questions are grouped, the newest: the time grows with their square where all of them are alike."""
_ALIKE = 0.4
"""Two questions that have so large a part of their pairs of letters in common ask the same: 商标异议要多少钱 and 商标异议费用是多少 have."""
_SHOWN_CLUSTERS, _SHOWN_WORDS = 15, 20
_LEAST_NEW = 5
_LONGEST, _USUAL, _TRIED = 60, 14, 20
"""Letters of a question that are shown, as many as most have, and how many of a group are looked at for the best one."""
_FIRM = re.compile(r"[\w（）()·]{2,20}?(?:有限责任公司|股份有限公司|有限公司|合作社|事务所|经营部|商行|工作室)")
_DROPPED = re.compile(r"[\d０-９*＊@\[\]]|已隐去")
_SMALL = frozenset(
    "的了吗呢吧啊在是有和与及就都也还很我你您他她它这那怎么什办能不可以要多少想请问去来做用到哪个给被把为没会该得过后前上下里外年月日某"
)
"""Single letters that may stand anywhere and name nobody."""
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_CHINESE = str.maketrans(",?!;:", "，？！；：")
Cut = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said, already without personal numbers."""

    consultation: str
    text: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How texts are cut, which words are public because the knowledge itself has them, and which may be names of people."""

    cut: Cut
    public: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that ask the same: how it was put, and in how many consultations."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Words:
    """What was found: unanswered questions, new words, and of how many sayings.

    Attributes:
        unanswered: how many sayings had no answer. hidden: how many of those are alone, or show nothing when they are masked.
    """

    clusters: tuple[Cluster, ...] = ()
    words: tuple[Change, ...] = ()
    unanswered: int = 0
    hidden: int = 0
    read: int = 0


@dataclass(slots=True)
class Count:
    """In how many consultations each word was said; `total`: of how many."""

    words: Counter[str] = field(default_factory=Counter)
    total: int = 0


def words_in(texts: Iterable[str], vocabulary: Vocabulary) -> set[str]:
    """Return the words of one consultation that could be new ones: none of the knowledge's, no names, no numbers."""
    found: set[str] = set()
    for text in texts:
        cut = [*vocabulary.cut(_FIRM.sub("，", text))]
        found.update(word for word in cut if _may_be_new(word, vocabulary))
        for first, second in pairwise(cut):
            # A word that the dictionary does not know is cut into a letter and the rest: 元 宇宙, 大 模型.
            joined = first + second
            if {len(first), len(second)} == {1, 2} and _may_be_joined(first, second, vocabulary) and _may_be_new(joined, vocabulary):
                found.add(joined)
    return found


def _may_be_joined(first: str, second: str, vocabulary: Vocabulary) -> bool:
    return first not in _SURNAMES and not any(one in _SMALL or one in vocabulary.names for one in (first, second))


def _may_be_new(word: str, vocabulary: Vocabulary) -> bool:
    known = word in vocabulary.names or _made_up(word, vocabulary.public)
    return len(word) > 1 and not known and not _DROPPED.search(word) and word.isalpha()


def _made_up(word: str, public: frozenset[str]) -> bool:
    """Tell whether a word is one of the knowledge's, or several of them one after the other."""
    reached = {0}
    for end in range(2, len(word) + 1):
        if any(word[begin:end] in public for begin in reached if end - begin > 1):
            reached.add(end)
    return len(word) in reached


def new_words(now: Count, before: Count) -> list[Change]:
    """Return the words that are said surely more often than before."""
    found = changes(now.words, now.total, before.words, before.total, _LEAST_NEW)
    risen = [one for one in found if one.z > 0]
    # A part of a longer word that is said as often says nothing of its own.
    parts = {one.name for one in risen for other in risen if other != one and one.name in other.name and one.now <= other.now}
    return [one for one in risen if one.name not in parts][:_SHOWN_WORDS]


def clusters(said: Sequence[Said], vocabulary: Vocabulary) -> tuple[list[Cluster], int]:
    """Group questions that ask the same; returns those of at least two consultations, the largest first, and how many sayings are hidden."""
    said = said[-MOST_CLUSTERED:]
    groups = _grouped([_pairs(one.text) for one in said])
    shared = _shared(said, vocabulary.cut)
    found = []
    for members in groups:
        numbers = {said[at].consultation for at in members}
        ways = [shown(said[at].text, vocabulary, shared) for at in members[:_TRIED]] if len(numbers) > 1 else []
        # Of the ways it was put, the one that has to be hidden least.
        text = min(filter(None, ways), key=lambda way: (way.count("…"), abs(len(way) - _USUAL)), default="")
        if any(char.isalpha() for char in text):
            found.append((Cluster(text, len(numbers)), len(members)))
    found.sort(key=lambda one: (-one[0].count, one[0].text))
    kept = found[:_SHOWN_CLUSTERS]
    return [cluster for cluster, _ in kept], len(said) - sum(size for _, size in kept)


def shown(text: str, vocabulary: Vocabulary, shared: frozenset[str]) -> str:
    """Return `text` with everything hidden that is neither of the knowledge nor shared."""
    parts: list[str] = []
    for word in vocabulary.cut(_FIRM.sub("某单位", text)[:_LONGEST]):
        kept = word if _may_be_shown(word, vocabulary, shared) else "…"
        if kept != "…" or parts[-1:] != ["…"]:
            parts.append(kept)
    return "".join(parts).translate(_CHINESE).strip("…，。？！；：. ")


def _may_be_shown(word: str, vocabulary: Vocabulary, shared: frozenset[str]) -> bool:
    if not any(char.isalnum() for char in word):
        return word in "，。？！、；：,.?! " and len(word) == 1
    if _DROPPED.search(word):
        return False
    if len(word) == 1:
        return word in _SMALL
    return word in vocabulary.public or (word in shared and word not in vocabulary.names)


def _shared(said: Sequence[Said], cut: Cut) -> frozenset[str]:
    by: defaultdict[str, set[str]] = defaultdict(set)
    for one in said:
        for word in cut(one.text):
            by[word].add(one.consultation)
    return frozenset(word for word, numbers in by.items() if len(numbers) >= SHARED)


def _grouped(pairs: Sequence[frozenset[str]]) -> list[list[int]]:
    """Put each question to the first group whose leader it is like; a group is a list of places, its leader first."""
    groups: list[list[int]] = []
    of_pair: Mapping[str, list[int]] = defaultdict(list)
    for at, own in enumerate(pairs):
        common = Counter(group for pair in own for group in of_pair[pair])
        best, share = -1, 0.0
        for group, count in common.items():
            alike = count / len(own | pairs[groups[group][0]])
            if alike > share:
                best, share = group, alike
        if share >= _ALIKE:
            groups[best].append(at)
            continue
        for pair in own:
            of_pair[pair].append(len(groups))
        groups.append([at])
    return groups


def _pairs(text: str) -> frozenset[str]:
    kept = "".join(char for char in text if char.isalnum())
    return frozenset(kept[at : at + 2] for at in range(max(1, len(kept) - 1)))
