"""The other sites that carry the widget, as `sites` in `site.yml` lists them: where they are, and how it looks and asks there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhixun.knowledge.load import KnowledgeError

__all__ = ["LEAST_CONTRAST", "PAPERS", "Colours", "HostSite", "read_hosts"]

LEAST_CONTRAST = 4.5
"""Between letters and their ground: WCAG 2.2, 1.4.3, level AA."""
PAPERS = {"light": ("#ffffff", "#eff4f3", "#deecea"), "dark": ("#182528", "#0f181a", "#1d3438")}
"""What links and buttons of the widget stand on (`widget.css`: paper, ground, wash), by light and by night."""
_STEP = 0.04
_AWAY = 0.18
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Below these whole countries register: "*.gov.cn" would be every office of China.
_REGISTRIES = frozenset({"ac", "com", "edu", "gov", "mil", "net", "org"})


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of a site, as `#rrggbb`.

    Args:
        main: the ground of the head and of the buttons. text: the letters on it.
    """

    main: str
    text: str

    @property
    def contrast(self) -> float:
        """How well the letters can be read, from 1 to 21."""
        return _contrast(self.main, self.text)

    def palette(self) -> dict[str, str]:
        """Return all that the widget needs: what is written in the site's colour is darkened or lightened until it can be read."""
        away = "#000000" if _luminance(self.text) > _luminance(self.main) else "#ffffff"
        return {
            "main": self.main,
            "text": self.text,
            "deep": _mixed(self.main, away, _AWAY),
            "accent": _readable(self.main, "#000000", PAPERS["light"]),
            "accent_dark": _readable(self.main, "#ffffff", PAPERS["dark"]),
        }


@dataclass(frozen=True, slots=True)
class HostSite:
    """A site of others that may carry the widget.

    Args:
        id: what its pages name themselves by.
        origins: scheme, host and port of its pages, as browsers tell them; `https://*.example.cn` is everything below a name.
        title: the heading of the widget there; empty for the service's own name.
        region: the region that its visitors ask for; empty when they choose.
        quick: the buttons under the greeting; empty for the service's own.
        colours: None for the service's own.
    """

    id: str
    origins: tuple[str, ...]
    title: str
    region: str
    quick: tuple[Mapping[str, str], ...]
    colours: Colours | None

    def page(self, page: Mapping[str, Any]) -> dict[str, Any]:
        """Return what this site is told, from what everybody is told."""
        own: dict[str, Any] = {}
        if self.title:
            own["title"] = self.title
        if self.region:
            own |= {"region": self.region, "regions": [self.region]}
        if self.quick:
            own["quick"] = [dict(button) for button in self.quick]
        if self.colours is not None:
            own["colours"] = self.colours.palette()
        return {**page, **own}


def read_hosts(raw: Sequence[Mapping[str, Any]]) -> tuple[HostSite, ...]:
    """Read the section `sites` of `site.yml`, already of the documented form.

    Raises:
        KnowledgeError: an id or an origin stands twice, or an origin could never be met or would let in strangers.
    """
    hosts = tuple(
        HostSite(
            one["id"], tuple(one["origins"]), one.get("title", ""), one.get("region", ""), tuple(one.get("quick", ())),
            Colours(**one["colours"]) if "colours" in one else None,
        )
        for one in raw
    )  # fmt: skip
    for what, told in (("id", [host.id for host in hosts]), ("origins", [origin for host in hosts for origin in host.origins])):
        twice = next((words for words, count in Counter(told).items() if count > 1), None)
        if twice is not None:
            raise KnowledgeError(f"site.yml: sites：{what}“{twice}”写了两次")
    for host in hosts:
        for origin in host.origins:
            flaw = _origin_flaw(origin)
            if flaw:
                raise KnowledgeError(f"site.yml: sites: {host.id}：“{origin}”{flaw}")
    return hosts


def _origin_flaw(origin: str) -> str:
    scheme, _, place = origin.partition("://")
    name, _, port = place.partition(":")
    if port == _DEFAULT_PORTS[scheme]:
        return f"不要写默认端口 :{port}，浏览器不会报告它"
    if port and not 0 < int(port) < 65536:
        return "的端口不对"
    labels = name.removeprefix("*.").split(".")
    if "" in labels:
        return "的域名不对"
    whole_country = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES
    if name.startswith("*.") and (len(labels) == 1 or whole_country or labels[-1].isdigit()):
        return "放行的范围太大，请写到本单位的域名"
    return ""


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: str, other: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_parts(colour), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _readable(colour: str, towards: str, papers: Sequence[str]) -> str:
    """Return the colour nearest to `colour` on the way to `towards` that can be read on all of `papers`."""
    steps = (_mixed(colour, towards, step * _STEP) for step in range(round(1 / _STEP) + 1))
    return next((each for each in steps if all(_contrast(each, paper) >= LEAST_CONTRAST for paper in papers)), towards)
