"""Untrusted text made safe for a terminal: container names, log lines, PD answers, model output."""

from __future__ import annotations

import re
import unicodedata

# CSI, OSC and the other two-character escapes; what is left of a torn one falls to the control filter below.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[@-Z\\-_]"
)
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def clean(text: object, limit: int = 2000) -> str:
    """One line of printable text: escapes, control, bidi and private-use characters removed, cut to `limit`."""
    raw = _ESCAPES.sub("", str(text)[: limit * 4])
    kept = "".join(
        " " if ch in "\t\n\r" else ch for ch in raw if ch in "\t\n\r" or unicodedata.category(ch) not in _INVISIBLE
    )
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def clean_block(text: object, limit: int = 20_000) -> str:
    """Several lines, each cleaned as by `clean`; line ends and spaces stay, so pieces may be cleaned one by one."""
    return "\n".join(clean(line) for line in str(text)[:limit].split("\n"))


_SECRETS = re.compile(
    r"(?i)(sk-ant-[\w-]{6,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
    r"|(?<=bearer )[\w.~+/=-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))"
)
_ASSIGNED = re.compile(
    r"(?i)(\b[\w-]*(?:api[_-]?key|secret|token|passw(?:or)?d|credential)[\w-]*[\"']?\s*[=:]\s*[\"']?)([^\s\"',;&]{4,})"
)
_USERINFO = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")


def redact(text: str) -> str:
    """The text with keys, tokens, passwords and URL credentials replaced by `[redacted]`."""
    out = _SECRETS.sub("[redacted]", text)
    out = _USERINFO.sub("[redacted]", out)
    return _ASSIGNED.sub(r"\1[redacted]", out)


def for_markdown(text: str, limit: int) -> str:
    """Untrusted text for a Markdown file: one line, no escapes, nothing a reader would take for HTML."""
    return _TAG.sub("&lt;", clean(text, limit))


_TAG = re.compile(r"<(?=[A-Za-z/!?])")
