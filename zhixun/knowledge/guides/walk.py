"""Where a citizen stands in a guide, and what the words said there mean.

The answers are all the state there is: the path is walked anew from the start each time. So going back is taking one answer
away, a correction is changing one, and what was said before the guide fills steps like any other answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from zhixun.knowledge.guides.fields import FREE_KINDS, PHONE, TEXT, FieldError, read_value, shown
from zhixun.knowledge.guides.model import CHOICE, SCORE, UNSURE, Choice, Guide, Step

__all__ = ["ACT", "CANCELLED", "OTHER", "OUTSIDE", "QUESTION", "TAKEN", "Place", "State", "fill_from", "hear", "summary", "walk"]

TAKEN, CANCELLED, OTHER = "taken", "cancelled", "other"
ACT, QUESTION, OUTSIDE = "act", "question", "outside"
"""What else words may be understood as: a wish for a person, thanks …; a question that is known; another field, a complaint."""
MISSES = 3
"""After so many answers that fit nothing, a person is offered."""
LONGEST_ANSWER = 40
LONGEST_ACT, LONGEST_ASIDE = 20, 12
"""Where free text is wanted, only so short a text can be something else; what is longer is the text."""

_CANCEL = re.compile(
    "(取消|退出|结束|停止?|不(做|测|填|算|办|选|用|想做|想填|弄|搞)|算)(指引|测评|自检|计算|填写|办理|吧|掉)?了?[吧啊呀]?"
)
_BACK = re.compile("(返回|回到|退回)?(上|前)一?(步|题|项|个问题)|返回|退一步|回退|刚才(选错|点错|说错)了?")
_AGAIN = re.compile("(重新|从头)(开始|来|选|填|做|测|算)(一遍|一次)?|重来")
_HELP = re.compile(
    "(这|这个|这是|你说的)?(是)?(什么|啥)意思[啊呀]?|(看|听)?不(懂|明白)|没(看|听)?(懂|明白)|解释一?下"
    "|为(什么|啥)(要)?问(这个)?|怎么(选|填)"
)
_UNSURE = re.compile(
    "(我)?(也)?(不|没)(太|大|是很)?(清楚|知道|确定|晓得|了解|懂|记得|好说|想好)了?|说不(准|好|清)|忘了|没想好|都?(不是|有可能)"
)
_INSTEAD = re.compile(
    "^(?:说错了|选错了|点错了|错了|不对|更正|改一?下|我?改成|换成|应该是|我?是说|不是.{1,12}?[,，、 ]?(?:而?是|应该是))[,，:：。 ]*(.+)$"
)
_RENEW = re.compile(
    "^(?:我?(?:想|要)?(?:改|修改|更正|重填|重选)(?:一下)?|把)?(.{2,12}?)(?:写错|填错|选错|说错|点错|错|不对|要改|改一?下|重填|重选)了?$"
    "|^我?(?:想|要)?(?:改|修改|更正|重填|重选)(?:一下)?(.{2,12})$"
)
_SET = re.compile(r"^(?:把)?(.{2,8}?)(?:改成|改为|换成|应该是|应为|写成)[:： ]*(.+)$")
_SKIP = re.compile("(先)?(跳过|不填|不写|略过|空着|下一[项个步])(吧|了)?|没有|暂时?没有|无|没|不(知道|清楚|记得)|忘了")
_EVADES = re.compile(
    "(我)?(先)?(跳过|略过|没有|无|等(一?下|等)|稍等)(吧|了)?|(能|可以)?不(想|愿意?|方便|能)?(填写?|写|说|留|告诉|提供)?(吗|了|行吗|可以吗)?"
    "|不(知道|清楚)|忘了|保密|匿名"
)
_ASKS = re.compile(r"[?？]|怎么|咋|如何|多久|多长|多少|吗|么$|什么|啥|哪|谁|几[天年个点时]|能不能|可不可以|要不要|是不是|有没有")
_NOT_BEFORE = "".join(f"(?<!{word})" for word in (
    *"没不未无别非", "没有", "不是", "不在", "没在", "没用", "不用", "不属于", "不需要", "不算", "没做", "没办", "不要",
))  # fmt: skip
_PARTICLES = "的地了吧呀啊呢嗯哦哈喔额呃就是我选要那这个种,，、"
_GENERIC = frozenset((
    "有", "没有", "是", "不是", "对", "不对", "可以", "不可以", "能", "不能", "要", "不要", "已", "已经", "还没", "还没有", "没",
    "无", "会", "不会", "愿意", "不愿意", "都有",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What was said in a guide so far.

    Attributes:
        answers: step to the id of the choice, or to the canonical value.
        misses: answers in a row that fitted nothing.
        note: what is to be told before the next question.
        fresh: whether the guide was just opened, so that the words that opened it may fill steps.
    """

    guide: str
    answers: Mapping[str, str] = field(default_factory=dict)
    misses: int = 0
    note: str = ""
    fresh: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the state as a slot keeps it."""
        return {"guide": self.guide, "answers": dict(self.answers), "misses": self.misses, "note": self.note, "fresh": self.fresh}

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> State:
        """Read what `as_json` gave."""
        return cls(raw["guide"], raw["answers"], raw["misses"], raw["note"], raw["fresh"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers lead.

    Attributes:
        path: the steps answered, in order.
        step: the one to be asked; None at the end. leaf: the recommendation; empty before the end.
        percent: points reached of those possible on the path, for a scored questionnaire.
    """

    path: tuple[str, ...]
    step: Step | None
    leaf: str = ""
    percent: int = 0


def walk(guide: Guide, answers: Mapping[str, str]) -> Place:
    """Walk from the start as far as the answers reach.

    Raises:
        ValueError: no way is open, which `zhixun check` proves cannot happen.
    """
    path: list[str] = []
    taken: dict[str, str] = {}  # answers that a correction has left beside the path decide nothing
    at = guide.start
    while at in guide.steps:
        step = guide.steps[at]
        value = answers.get(at)
        if value is None or (step.kind == CHOICE and step.choice(value) is None):
            return Place(tuple(path), step)
        path.append(at)
        taken[at] = value
        way = next((way for way in step.ways_of(value) if way.open_for(taken)), None)
        if way is None or way.go in path:
            raise ValueError(f"{guide.file}: no way on from {at}")
        at = way.go
    if at != SCORE:
        return Place(tuple(path), None, at)
    percent = _percent(guide, path, answers)
    leaf = next(band.leaf for band in sorted(guide.bands, key=lambda band: -band.least) if percent >= band.least)
    return Place(tuple(path), None, leaf, percent)


def hear(guide: Guide, state: State, text: str, today: date, *, heard: str = "", written: str = "") -> tuple[str, State]:
    """Take what was said at the present step.

    Args:
        text: the words, or the title of the choice whose button or number was given.
        heard: what else they are understood as: `act`, `question`, `outside`, or nothing.
        written: the words as they were typed, where `text` is folded; they are what free text is kept as.

    Returns:
        `taken` with the state after it, `cancelled`, or `other` when the words are not for the guide.
    """
    step = walk(guide, state.answers).step
    if step is None:
        return OTHER, state
    said = _plain(text)
    value = _exact(step, said)
    if value is not None:
        return TAKEN, _with(state, step.id, value)
    command = _command(guide, state, step, said, unicodedata.normalize("NFKC", written or text).strip(), today)
    if command is not None:
        return command
    if step.kind == CHOICE:
        return _chosen(state, step, said, elsewhere=bool(heard) or bool(_ASKS.search(said)))
    return _typed(state, step, (text, written or text), today, heard)


def fill_from(guide: Guide, state: State, said: Sequence[str]) -> State:
    """Fill steps from what the citizen said before, the newest words first; tells in the note what was taken."""
    answers = dict(state.answers)
    while (step := walk(guide, answers).step) is not None and step.kind == CHOICE and not _is_generic(step):
        found = next((found for words in said if len(found := _named(step.choices, _plain(words))) == 1), None)
        if found is None:
            break
        answers[step.id] = found[0].id
    taken = [f"{guide.steps[name].about}：{_shown(guide.steps[name], value)}" for name, value in answers.items()]
    note = f"已按您说的记下：{'；'.join(taken)}。不对的话可以直接说“上一步”。" if taken else ""
    return replace(state, answers=answers, note=note, fresh=False)


def summary(guide: Guide, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the facts gathered on the path, as name and value to be read by people."""
    return [(guide.steps[name].about, _shown(guide.steps[name], answers[name])) for name in walk(guide, answers).path]


def _command(guide: Guide, state: State, step: Step, said: str, written: str, today: date) -> tuple[str, State] | None:
    """Carry out what is said about the guide itself, or return None."""
    path = walk(guide, state.answers).path
    if _CANCEL.fullmatch(said):
        return CANCELLED, state
    after = _corrected(guide, state, said, written, path, today)
    if step.optional and _SKIP.fullmatch(said):
        after = _with(state, step.id, "")
    elif _AGAIN.fullmatch(said):
        after = State(state.guide, note="好的，从头开始。")
    elif _BACK.fullmatch(said):
        after = _without(state, path[-1], "好的，回到上一步。") if path else replace(state, note="已经是第一步了。")
    elif _HELP.fullmatch(said):
        after = replace(state, note=step.help or "请选最接近您情况的一项；没有合适的，可以说“不清楚”或“转人工”。")
    elif _UNSURE.fullmatch(said):
        unsure = step.choice(UNSURE)
        after = _with(state, step.id, UNSURE) if unsure else _missed(state, step.help or "这一步需要一个大概的答案才能往下走。")
    return None if after is None else (TAKEN, after)


def _corrected(guide: Guide, state: State, said: str, written: str, path: Sequence[str], today: date) -> State | None:
    """Change an earlier answer: "不是商标，是专利", "日期写错了", "联系人改成李强"."""
    steps = [guide.steps[name] for name in reversed(path)]
    if instead := _INSTEAD.match(said):
        for step in steps:
            found = _named(step.choices, instead[1])
            if len(found) == 1 and found[0].id != state.answers[step.id]:
                return replace(_with(state, step.id, found[0].id), note=f"好的，{step.about}改为“{found[0].title}”。")
    if given := _SET.match(written):
        typed = _called(steps, given[1])
        if typed is not None and typed.kind != CHOICE:
            return _retyped(state, typed, given[2], today)
    renew = _RENEW.match(said)
    wanted = renew and (renew[1] or renew[2])
    called = _called(steps, wanted) if wanted else None
    if called is None:
        return None
    return _without(state, called.id, f"好的，请重新{'选择' if called.kind == CHOICE else '填写'}{called.about}。")


def _retyped(state: State, step: Step, text: str, today: date) -> State:
    if step.kind == PHONE:  # it is kept only where it is asked for
        return _without(state, step.id, f"好的，请重新填写{step.about}。")
    try:
        value = read_value(step.kind, text, today, step.least, step.most)
    except FieldError as error:
        return _without(state, step.id, str(error))
    return replace(_with(state, step.id, value), note=f"好的，{step.about}改为“{shown(step.kind, value)}”。")


def _called(steps: Sequence[Step], name: str) -> Step | None:
    """Return the step that a name means: “联系人电话” is no 联系人."""
    fits = [step for step in steps if step.about in name or name in step.about or name.endswith(step.about[-2:])]
    return max(fits, key=lambda step: (step.about == name, name.endswith(step.about[-2:]), len(step.about)), default=None)


def _is_aside(step: Step, said: str, heard: str, *, asks: bool) -> bool:
    """Tell whether words that could be the value of a free field are something else."""
    if heard == ACT:
        return step.kind != TEXT or len(said) <= LONGEST_ACT
    return bool(heard) and asks and (step.kind != TEXT or len(said) <= LONGEST_ASIDE)


def _chosen(state: State, step: Step, said: str, *, elsewhere: bool) -> tuple[str, State]:
    """Take free words for the one choice that they name."""
    if elsewhere:
        return OTHER, state
    found = _named(step.choices, said) if len(said) <= LONGEST_ANSWER and not step.exact else []
    if len(found) == 1:
        return TAKEN, _with(state, step.id, found[0].id)
    return TAKEN, _missed(state, "没听明白您选哪一个。")


def _typed(state: State, step: Step, words: tuple[str, str], today: date, heard: str) -> tuple[str, State]:
    """Take a value; free text as it was written (the second of `words`), anything else as it is understood (the first)."""
    text, written = words
    said, free = _plain(text), step.kind in FREE_KINDS
    asks = bool(_ASKS.search(said))
    if free and _is_aside(step, said, heard, asks=asks):
        return OTHER, state
    if free and step.kind != TEXT and (asks or _EVADES.fullmatch(said)):
        return TAKEN, _missed(state, step.help or f"这一项要填写{step.about}；不想填可以说“退出”。")
    try:
        return TAKEN, _with(state, step.id, read_value(step.kind, written if free else text, today, step.least, step.most))
    except FieldError as error:
        return (OTHER, state) if heard or asks else (TAKEN, _missed(state, str(error)))


def _exact(step: Step, said: str) -> str | None:
    """Return the choice that is said with its very title or one of its words, particles aside."""
    bare = said.strip(_PARTICLES) or said
    for choice in step.choices:
        names = {_plain(choice.title), *map(_plain, choice.words)}
        if said in names or bare in names:
            return choice.id
    return None


def _named(choices: Sequence[Choice], said: str) -> list[Choice]:
    """Return the choices of which a word occurs in `said`; neither after a negation nor inside a longer word that was found."""
    words = [(word, choice) for choice in choices for word in map(_plain, (choice.title, *choice.words)) if len(word) > 1]
    hits = [(word, choice) for word, choice in words if re.search(_NOT_BEFORE + re.escape(word), said)]
    kept = [(word, choice) for word, choice in hits if not any(word != longer and word in longer for longer, _ in hits)]
    return list({choice.id: choice for _, choice in kept}.values())


def _is_generic(step: Step) -> bool:
    """Tell whether a step is answered by yes and no, which say nothing where another question was asked."""
    return any(word in _GENERIC for choice in step.choices for word in (choice.title, *choice.words))


def _with(state: State, step: str, value: str) -> State:
    return replace(state, answers={**state.answers, step: value}, misses=0, note="")


def _without(state: State, step: str, note: str) -> State:
    return replace(state, answers={name: value for name, value in state.answers.items() if name != step}, misses=0, note=note)


def _missed(state: State, note: str) -> State:
    more = "您也可以说“转人工”，请工作人员帮您。" if state.misses + 1 >= MISSES else ""
    return replace(state, misses=state.misses + 1, note=note + more)


def _percent(guide: Guide, path: Sequence[str], answers: Mapping[str, str]) -> int:
    steps = [guide.steps[name] for name in path]
    most = sum(max((choice.points for choice in step.choices), default=0) for step in steps)
    reached = sum(choice.points for step in steps if (choice := step.choice(answers[step.id])) is not None)
    return round(100 * reached / most) if most else 0


def _shown(step: Step, value: str) -> str:
    choice = step.choice(value)
    return choice.title if choice is not None else shown(step.kind, value)


def _plain(text: str) -> str:
    folded = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return folded.strip("“”\"'「」。.!！~、,，;；")
