"""What the engine heard before a crash is not heard twice: no form moves on by itself, and no request is lost or doubled.

A turn that the service could not write down is asked again at the next start. The engine may have finished it: then it gives
the same answer.
"""

from __future__ import annotations

import pytest

from tests.dialogue.walker import SAMPLES
from tests.product import Engine
from tests.support import real_knowledge
from zhixun.clock import new_token
from zhixun.conversation.engine import EngineClient
from zhixun.knowledge.guides.model import CHOICE
from zhixun.knowledge.guides.walk import walk
from zhixun.messages import HIDDEN_PHONE, EngineTurn

pytestmark = pytest.mark.slow

FORM = real_knowledge().services["service:search"].form


async def test_a_turn_that_was_heard_is_answered_the_same_and_moves_nothing_on(engine: Engine) -> None:
    token = engine.token_file.read_text()
    sender = f"ZX-{new_token()[:8]}"
    async with EngineClient(f"http://127.0.0.1:{engine.port}", token) as client:

        async def say(text: str, turn: int, *, again: bool = False) -> EngineTurn:
            return await client.ask(sender, text, "西宁市", turn=turn, again=again)

        await say(FORM.title, 1)
        answers: dict[str, str] = {}
        turn, told = 2, None
        while (step := walk(FORM, answers).step) is not None:
            words = step.choices[0].title if step.kind == CHOICE else {**SAMPLES, "phone": HIDDEN_PHONE}[step.kind]
            # Asked again though it was never heard, as after a crash before the engine: it is heard now.
            told = await say(words, turn, again=True)
            assert await say(words, turn, again=True) == told
            answers[step.id] = step.choices[0].id if step.kind == CHOICE else words
            following = walk(FORM, answers).step
            if following is not None:
                assert following.ask in told.replies[-1].text
            turn += 1
        assert told is not None
        assert told.wish["service"] == "search"
        assert told.wish["values"]["phone"] == HIDDEN_PHONE
        # Other words under the number of the last turn are not what was heard, nor are the same words in a turn of their own.
        assert (await say("商标异议期多久", turn - 1, again=True)).status == "answered"
        assert (await say("提交", turn)).wish == {}
