"""Text for people who write Chinese and Latin: folding, pinyin, sort keys, initials, highlighting."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

SORT_VERSION = 1
"""Raise when `sort_key` changes: stored keys are then recomputed."""
SORT_LENGTH = 80
"""Characters of a text that take part in sorting."""

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_RUN = re.compile(f"[{HAN}]+")
_SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "查": "zha",
    "区": "ou", "朴": "piao", "盖": "ge", "任": "ren",
    "华": "hua", "翟": "zhai", "覃": "qin", "缪": "miao", "乐": "yue",
    "冼": "xian", "员": "yun", "纪": "ji", "召": "shao",
    "折": "she", "盛": "sheng", "尹": "yin", "葛": "ge", "訾": "zi", "繁": "po", "逄": "pang", "阚": "kan", "牟": "mu",
    "曲": "qu", "宁": "ning", "洗": "xian", "种": "chong", "秘": "bi", "黑": "he", "重": "chong", "长": "zhang",
}  # fmt: skip
_DOUBLE_SURNAMES = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"),
    "长孙": ("zhang", "sun"), "澹台": ("tan", "tai"),
    "令狐": ("ling", "hu"), "皇甫": ("huang", "fu"), "欧阳": ("ou", "yang"),
    "上官": ("shang", "guan"), "司马": ("si", "ma"),
    "诸葛": ("zhu", "ge"), "夏侯": ("xia", "hou"), "东方": ("dong", "fang"),
    "慕容": ("mu", "rong"), "司徒": ("si", "tu"),
}  # fmt: skip
# Words of everyday company and place names in which a character has another reading than alone.
_PHRASES = {
    "重庆": "chong qing", "长沙": "chang sha", "长春": "chang chun", "长江": "chang jiang", "长城": "chang cheng",
    "长安": "chang an", "长虹": "chang hong", "长兴": "chang xing", "长三角": "chang san jiao", "成都": "cheng du",
    "首都": "shou du", "厦门": "xia men", "银行": "yin hang", "行业": "hang ye",
    "商行": "shang hang", "车行": "che hang",
    "音乐": "yin yue", "朝阳": "chao yang", "西藏": "xi zang", "传记": "zhuan ji", "会计": "kuai ji", "大夫": "dai fu",
    "蚌埠": "beng bu", "番禺": "pan yu", "重工": "zhong gong", "调研": "diao yan", "系统": "xi tong", "六安": "lu an",
    "部长": "bu zhang", "董事长": "dong shi zhang", "行长": "hang zhang", "院长": "yuan zhang", "店长": "dian zhang",
    "校长": "xiao zhang", "宿州": "su zhou", "兴业": "xing ye",
    "重新": "chong xin", "单县": "shan xian", "台州": "tai zhou",
}  # fmt: skip
_PHRASE_RUN = re.compile("|".join(sorted(map(re.escape, _PHRASES), key=len, reverse=True)))


@lru_cache(maxsize=65_536)
def _fold_wide(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fold(text: str) -> str:
    """For comparing without regard to case, width and compatible forms."""
    return text.lower() if text.isascii() else _fold_wide(text)


@cache
def _readings() -> dict[int, str]:
    """Only this table of the package is needed; importing it would load its phrases and train a segmenter (45 MB)."""
    found = find_spec("pypinyin")
    (folder,) = found.submodule_search_locations if found and found.submodule_search_locations else ("",)
    table: dict[str, str] = json.loads((Path(folder) / "pinyin_dict.json").read_text("utf-8"))
    return {int(code): readings for code, readings in table.items()}


@lru_cache(maxsize=30_000)
def syllable(char: str) -> str:
    """The usual reading of one Han character without tone ("ü" as "v"); "" if it has none."""
    marked = _readings().get(ord(char), "").split(",")[0]
    if not marked:
        return ""
    plain = unicodedata.normalize("NFD", marked).replace("u\u0308", "v")
    return "".join(c for c in plain if "a" <= c <= "z")


@lru_cache(maxsize=65_536)
def han_syllables(run: str) -> tuple[str, ...]:
    """Readings of a run of Han characters: surnames in names, words with their own reading elsewhere."""
    found = [syllable(c) for c in run]
    if len(run) <= 4 and run[:2] in _DOUBLE_SURNAMES and len(run) > 2:
        found[:2] = _DOUBLE_SURNAMES[run[:2]]
    for match in _PHRASE_RUN.finditer(run):
        found[match.start() : match.end()] = _PHRASES[match[0]].split()
    if 2 <= len(run) <= 3 and run[0] in _SURNAMES and run[:2] not in _PHRASES:
        found[0] = _SURNAMES[run[0]]
    return tuple(found)


def has_han(text: str) -> bool:
    return not text.isascii() and _HAN_RUN.search(text) is not None


def pinyin(text: str) -> str:
    """Readings of the Han characters, separated by spaces; other text stays: "张伟" → "zhang wei"."""
    if text.isascii():
        return text
    return _HAN_RUN.sub(lambda m: f" {' '.join(filter(None, han_syllables(m[0])))} ", text).strip()


def pinyin_initials(text: str) -> str:
    """First letters: "张伟" → "zw", "华芯 Micro" → "hxm"."""
    return "".join(word[0] for word in pinyin(fold(text)).split() if word)


@lru_cache(maxsize=65_536)
def _han_key(run: str) -> str:
    return " ".join(f"{s or '~'} {c}" for s, c in zip(han_syllables(run), run, strict=True))


@lru_cache(maxsize=8_192)
def _latin_key(piece: str) -> str:
    plain = unicodedata.normalize("NFD", piece)
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


def sort_key(text: str) -> str:
    """
    A string whose byte order is the order people expect: Latin by letter without case and accents, Han by pinyin
    among the Latin letters, one character's names together ("张 …" before "章 …"), both under "zhang".
    """
    text = fold(text[:SORT_LENGTH])
    if text.isascii():
        return text.strip()
    text = text.strip()
    if len(text) <= 4 and (match := _HAN_RUN.fullmatch(text)):
        return _han_key(match[0])
    pieces: list[str] = []
    end = 0
    for match in _HAN_RUN.finditer(text):
        pieces.append(_latin_key(text[end : match.start()]).strip())
        pieces.append(_han_key(match[0]))
        end = match.end()
    pieces.append(_latin_key(text[end:]).strip())
    return " ".join(p for p in pieces if p)


def name_initials(name: str) -> str:
    """What stands in an avatar: the last two characters of a Chinese name, else the initials of first and last word."""
    match = _HAN_RUN.search(name)
    if match:
        return match[0][-2:]
    words = [w for w in re.split(r"[\s._-]+", name.strip()) if w and w[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def phone_tail(phone: str, digits: int = 4) -> str:
    """The last digits of a stored phone number, without its extension."""
    return re.sub(r"\D", "", phone.partition(";")[0])[-digits:]


def mark(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[str, bool]]:
    """The text cut into pieces, each marked as hit or not; overlapping spans are united."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for start, stop in _united(spans):
        if start > end:
            pieces.append((text[end:start], False))
        pieces.append((text[start:stop], True))
        end = stop
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for start, stop in sorted(s for s in spans if s[0] < s[1]):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(stop, united[-1][1]))
        else:
            united.append((start, stop))
    return united


def nearest(word: str, words: Iterable[str], *, at_least: float = 0.5) -> str | None:
    """The most similar of `words`, for "did you mean"."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, list(words), scorer=fuzz.ratio, processor=fold, score_cutoff=at_least * 100)
    return found[0] if found else None
