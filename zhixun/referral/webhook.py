"""Letters to an agency's own system: posts that are signed with a secret which both sides share (`signing.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zhixun.clock import Clock
from zhixun.referral.ports import Agency, Letter
from zhixun.referral.tls import trusting
from zhixun.signing import SignedPost

__all__ = ["Webhook", "WebhookSettings"]


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What webhooks need.

    Attributes:
        secrets: the secret shared with each agency, by its id.
        private_hosts: hosts in private networks, or on this machine, that letters may go to.
        ca_file: certificates to be trusted in place of the system's.
    """

    secrets: Mapping[str, bytes] = field(repr=False)
    private_hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None


class Webhook:
    """Sends letters to the agencies' systems.

    Raises:
        StopNow: the file of certificates cannot be read.
    """

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._secrets = settings.secrets
        self._post = SignedPost(settings.private_hosts, trusting(settings.ca_file), clock)

    def reaches(self, agency: Agency) -> bool:
        """Tell whether the agency has an address and shares a secret."""
        return bool(agency.webhook) and agency.id in self._secrets

    async def carry(self, agency: Agency, letter: Letter) -> None:
        """Send a letter.

        Raises:
            NotSent: the address may not be called, nobody answers, or the answer is not 2xx; redirects are not followed.
        """
        await self._post.send(agency.webhook, self._secrets[agency.id], letter.id, letter.data)
