"""The doors of other platforms: what comes in there, what goes out, and how far it is on its way."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "DONE", "DOORS", "ENDED", "FAILED", "FETCHED", "HELD", "LEFT", "PARTNER", "PARTNER_SESSION", "RECALLED", "SAID", "SENDING", "TAKEN",
    "UNSURE", "WAITING", "Address", "ByStaff", "Incoming", "Stored",
]  # fmt: skip

DOORS = ("wechat", "wecom", "telegram")
"""The channels whose platform has to be sent what is said."""
WAITING, SENDING, DONE, HELD, UNSURE, FAILED = "waiting", "sending", "done", "held", "unsure", "failed"
"""How what is sent to a platform stands; what is held waits until the citizen speaks again, what is unsure may have arrived."""
PARTNER = "partner"
"""The channel of what another system opens for its users with a key of its own."""
PARTNER_SESSION = "zs_"
"""How the sessions of that channel begin."""
FETCHED = ("web", "api", PARTNER)
"""The channels whose windows fetch what is said."""
SAID, TAKEN, ENDED, LEFT, RECALLED = "said", "taken", "ended", "left", "recalled"
"""What the office's own people do in a platform's client, past the desk."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What came in by a door whose platform knows the citizen by an id of its own.

    Attributes:
        door: one of `DOORS`. account: which of the office's accounts there; peer: whom the platform says it is from.
        id: by which the platform knows this message when it delivers it again.
        text: the words; empty for what only greets or is answered by `reply`.
        form: how it came, when not as typed words: `spoken`, `location`, `file`, `choice`, `edited` (sent before).
        reply: the name of the sentence that answers it without anybody having to understand it.
        media: the platform's id of a file that is to be fetched; `name`: what it is called.
        allows: how many messages the platform lets through after this, and for how many seconds; None where it does not count.
        gone: whether nothing reaches the citizen from now on.
        recalls: the platform's id of a message that the citizen has taken back with this.
    """

    door: str
    account: str
    peer: str
    id: str
    text: str = ""
    form: str = ""
    reply: str = ""
    media: str = ""
    name: str = ""
    allows: tuple[int, int] | None = None
    gone: bool = False
    recalls: str = ""


@dataclass(frozen=True, slots=True)
class ByStaff:
    """What the office's own people did in a platform's client, past the desk.

    Attributes:
        door, account, peer, id: as of what comes in. act: `said`, `taken` (they talk with the citizen from now on), `ended`,
            `left` (they have ended it, and the citizen has spoken since) or `recalled`.
        text: what they said. recalls: the platform's id of what they have taken back.
    """

    door: str
    account: str
    peer: str
    id: str
    act: str
    text: str = ""
    recalls: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of what came in.

    Attributes:
        became: `again` (it was there before), `asks` (it is to be answered), `ends` (the citizen has done),
            `rated` (it is a rating of what is closed), or `kept`.
    """

    consultation: str
    became: str = "kept"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a consultation's words go to: door, the office's account there, and the citizen as the platform knows them."""

    door: str
    account: str
    peer: str = field(repr=False)
