"""A browser's long name for itself in words: "Chrome on Windows"; and where an address is, as far as it says."""

from __future__ import annotations

from ipaddress import ip_address

BROWSERS = (("MicroMessenger/", "WeChat"), ("wxwork/", "WeCom"), ("DingTalk/", "DingTalk"), ("Lark/", "Feishu"),
            ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
           ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def browser_name(agent: str) -> str:
    """Program and system; the beginning of the text where neither is known."""
    program = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (program, system) if part) or agent[:60]


def is_inside(address: str) -> bool:
    """Whether the address is of the same machine or a network that is not the Internet."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return known.is_private or known.is_loopback
