"""Text to tokens; reads full-width signs, curly and corner quotes, and 且 或 非 as a Chinese keyboard gives them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from guanxi.base.errors import msg
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.tree import clean

MAX_TEXT = 4_000
WIDE = str.maketrans(
    "（）［］【】，＝＞＜！＋－−×÷＊／．。、０１２３４５６７８９\u3000\u00a0",
    "()[][],=><!+--*/*/..,0123456789  ",
)
SAME = {"＜＞": "!=", "≥": ">=", "≤": "<=", "≠": "!=", "==": "=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
QUOTES = {
    '"': '"“”＂',
    "“": '"”＂',
    "”": '"”＂',
    "＂": '"”＂',
    "'": "'‘’＇",
    "‘": "'’＇",
    "’": "'’＇",
    "「": "」",
    "『": "』",
}
OPENING = ('"“', "'‘")  # inside straight quotes an opening curly one is text
WORDS = {"and": "and", "or": "or", "not": "not", "in": "in", "between": "between", "且": "and", "或": "or", "非": "not"}
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "none": None}
SIGN = re.compile(r"==|<>|<=|>=|!=|&&|\|\||[≥≤≠=<>!+\-*/()\[\],.]")
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
NAME = re.compile(r"[^\W\d]\w*")
ESCAPES = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` sign and word carry their normal form in `value`; the end has kind "end"."""

    kind: Literal["sign", "word", "name", "number", "text", "constant", "end"]
    value: str | Decimal | bool | None
    at: int


def normalise(text: str) -> str:
    """NFC, so that positions in errors and names in the catalogue mean the same characters."""
    if len(text) > MAX_TEXT:
        raise ExprError(msg("The expression is longer than {n} characters; split it up.", n=MAX_TEXT))
    return unicodedata.normalize("NFC", clean(text))


def tokens(text: str) -> list[Token]:
    """All tokens of a normalised text, the end included."""
    found: list[Token] = []
    plain = text.translate(WIDE)  # one character to one character: positions stay
    at = 0
    while at < len(text):
        if plain[at].isspace():
            at += 1
            continue
        token, at = _string(text, at) if text[at] in QUOTES else _token(text, plain, at)
        found.append(token)
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, plain: str, at: int) -> tuple[Token, int]:
    if plain[at] == "`":
        return _quoted_name(text, at)
    if match := NUMBER.match(plain, at):
        return Token("number", Decimal(match.group()), at), match.end()
    if match := NAME.match(plain, at):
        return _name(match.group(), at), match.end()
    if match := SIGN.match(plain, at):
        sign = SAME.get(match.group(), match.group())
        return Token("word" if sign in WORDS else "sign", sign, at), match.end()
    raise ExprError(msg("{sign} has no meaning here.", sign=text[at]), at, text)


def _name(word: str, at: int) -> Token:
    low = word.lower()
    if low in WORDS:
        return Token("word", WORDS[low], at)
    if low in CONSTANTS:
        return Token("constant", CONSTANTS[low], at)
    return Token("name", word, at)


def _quoted_name(text: str, at: int) -> tuple[Token, int]:
    end = text.find("`", at + 1)
    if end <= at + 1:
        raise ExprError(msg("A name that starts with ` must end with `."), at, text)
    return Token("name", text[at + 1 : end], at), end + 1


def _string(text: str, at: int) -> tuple[Token, int]:
    closing = QUOTES[text[at]]
    out: list[str] = []
    i = at + 1
    while i < len(text):
        char = text[i]
        if char == "\\" and i + 1 < len(text):
            out.append(ESCAPES.get(text[i + 1], text[i + 1]))
            i += 2
        elif char in closing and (text[at] + char) not in OPENING:
            return Token("text", "".join(out), at), i + 1
        else:
            out.append(char)
            i += 1
    raise ExprError(msg("The text that starts here has no closing quotation mark."), at, text)
