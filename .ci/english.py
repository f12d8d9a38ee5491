"""Checks the English of pages, docstrings, comments and messages: British spelling, no phrases that confuse readers.

codespell finds misspelt words; this finds American spellings and phrases that we avoid. It reads prose only: it leaves
out code, names in backticks, links and fenced blocks. Each rule of ``RULES`` says what to write instead.
``make lint`` runs it; ``python .ci/english.py FILE ...`` checks only these files.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

__all__ = ["RULES", "problems", "prose"]

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 40
"""Words that a sentence of a help text or of a key's description may have."""
HELP = ("help", "description", "short_help", "epilog")
"""Keyword arguments that hold such texts."""
_LEFT_OUT = ("LICENSE", "CODE_OF_CONDUCT.md", ".ci/english.py", "tests/ci/test_english.py")
"""Texts of others, and those that quote what is wrong."""

PAGES, COMMENTS, TEXTS, HELPS = "page", "comment", "text", "help"
"""Where prose stands: in Markdown; in docstrings and comments; in strings; in help texts and descriptions."""
_EVERYWHERE = (PAGES, COMMENTS, TEXTS, HELPS)

RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # British spelling
    (r"\b(?:behavior|color|favor|honor|labor|neighbor|rumor|flavor)\w*", "British spelling: -our", _EVERYWHERE),
    (
        r"\b(?!(?:re|down|over|under)?siz|priz|seiz|capsiz|citizen|horizon|denizen|quiz|wizard)"
        r"\w{3,}iz(?:e|es|ed|er|ers|ing|able|ations?)\b",
        "British spelling: -ise",
        _EVERYWHERE,
    ),
    (r"\b(?:analyz|paralyz|catalyz)\w+", "British spelling: -yse", _EVERYWHERE),
    (
        r"\b(?:center(?!ing)|theater|fiber|liter|(?:milli|kilo)meter)(?:s|ed)?\b",
        "British spelling: -re",
        (PAGES, COMMENTS, HELPS),
    ),
    (
        r"\b(?:cancel|label|level|model|signal|travel|tunnel|fuel|marshal)(?:ed|ing|er)\b",
        "British spelling: a double l",
        _EVERYWHERE,
    ),
    (
        r"\b(?:gray(?:ed|ish)?|catalog|defense|offense|fulfill|skillful|mold|plow|acknowledgment)\b",
        "British spelling",
        _EVERYWHERE,
    ),
    # Phrases
    (
        r"(?<![Tt]here )\b(?:is|are|was|were) no "
        r"(?!longer|more\b|less\b|fewer|better|worse|different|larger|smaller|later|earlier|other)\w+",
        "'is not a ...'",
        _EVERYWHERE,
    ),
    (r"(?<![Tt]here )\b(?:is|are|was) none\b(?! of)", "'is not one', or say it positively", _EVERYWHERE),
    (r"\b(?:go|goes|went|going) on with\b", "'resume', 'continue' or 'keep'", _EVERYWHERE),
    (r"\bto be had\b|\bbe had back\b|\b(?:have|has|had) (?:it|them|its \w+ \w+) back\b", "'recover'", _EVERYWHERE),
    (r"\ball the same\b(?!,? (?:for|in))", "'anyway'", _EVERYWHERE),
    (r"\bso many(?=[.;:]|$)", "name what is counted", (PAGES, TEXTS, HELPS)),
    (r"\bwithout(?=[.;)]|$)", "say without what", (PAGES, TEXTS, HELPS)),
    (r"\b(?:this|that|it|which) is said\b", "'is printed', 'is recorded', or who says it", _EVERYWHERE),
    (r"\bwho has no job finds\b", "'if you have no job, you ...'", _EVERYWHERE),
    (r"\bh[eo]ld(?:s|ing)? (?:it|them|one|this \w+|a \w+) against\b", "'compare with', 'check against'", _EVERYWHERE),
    (r"\bas good as can be\b", "'as good as possible'", _EVERYWHERE),
    (r"\bkeeps? the contract\b", "'follows the contract'", _EVERYWHERE),
    (r"\bno(?:thing|body)'s\b", "name the person or thing", _EVERYWHERE),
    (r"\bthere (?:is|are) \{\}$", "'choose from {}', 'known: {}'", (TEXTS,)),
    (r"\b(?:steps?|transitions|bytes|numbers) an? (?:pass|row|call|decision|gradient)\b", "'per'", _EVERYWHERE),
    (r"\bis its own affair\b|\bsome half an?\b|\blies otherwise\b", "plain words", _EVERYWHERE),
    (
        r"\b[Tt]he seeds? (?:say|ask|call|give|name|fix|want|promise)s?\b|\bseed documents?\b",
        "documents are not 'seeds'",
        _EVERYWHERE,
    ),
    (r"\b(?!had\b|that\b)([a-z]+) \1\b", "a word twice", (PAGES, COMMENTS)),
    (r"(?<=[a-z,;]) {2,}(?=[a-z])", "two spaces", (PAGES,)),
)
_COMPILED = tuple((re.compile(pattern), instead, kinds) for pattern, instead, kinds in RULES)
_PROPER = re.compile(r'Proximal Policy Optimization|"[A-Z][^"]{12,}"')
"""Titles are spelt as their authors spelt them."""
_LABEL = re.compile(r"^ *[a-z_][\w, ]*: ", re.M)
"""The name of an argument, where a docstring explains it."""

_FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.M | re.S)
_CODE = re.compile(r"``.+?``|`[^`\n]+`|:\w+:`[^`]+`", re.S)
_LINK = re.compile(r"(?<=\])\([^)]*\)|https?://\S+|<[^>\n]+>")
_NAME = re.compile(r"\b\w*[_.]\w+\b|--[\w-]+|\{[^}]*\}")
_BREAK = re.compile(r"(\n(?=\s*\n|[|#>]|\s*[-*] |\s*\d+\. ))")
_FOREIGN = re.compile(r"</|[;{]\s*\n|\n\s*(?:import|def|from) ")
"""A string that is code: HTML, CSS, Python."""


def prose(path: Path) -> Iterator[tuple[int, str, str]]:
    """The prose of a Markdown or Python file: line, text and kind."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        yield from _of_python(text)
        return
    line = 1
    for paragraph in _BREAK.split(_FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)):
        if paragraph.strip():
            yield line + len(paragraph) - len(paragraph.lstrip("\n")), paragraph, PAGES
        line += paragraph.count("\n")


def _of_python(text: str) -> Iterator[tuple[int, str, str]]:
    nodes = list(ast.walk(ast.parse(text)))
    keywords = [keyword for node in nodes if isinstance(node, ast.Call) for keyword in node.keywords]
    helps = {id(keyword.value) for keyword in keywords if keyword.arg in HELP}
    parts = {id(value) for node in nodes if isinstance(node, ast.JoinedStr) for value in node.values}
    standing = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        found = _text(node)
        if (
            found is None
            or " " not in found
            or id(node) in parts
            or (id(node) not in standing and _FOREIGN.search(found))
        ):
            continue
        yield node.lineno, found, HELPS if id(node) in helps else COMMENTS if id(node) in standing else TEXTS  # type: ignore[attr-defined]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# "), COMMENTS


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def problems(path: Path) -> list[str]:
    """What readers would stumble over in a Python or Markdown file: where, what, and what to write instead."""
    found = []
    for line, text, kind in prose(path):
        plain = _PROPER.sub("", _LINK.sub("", _CODE.sub("`X`", _LABEL.sub("", text) if kind == COMMENTS else text)))
        if kind == PAGES:
            indented = re.sub(r"\s*\n\s*", " ", plain.strip())
            flowing = _NAME.sub("`X`", indented)
        else:
            flowing = _NAME.sub(lambda name: name[0] if name[0] == "{}" else "`X`", re.sub(r"\s*\n\s*", " ", plain))
        for pattern, instead, kinds in _COMPILED:
            if kind in kinds:
                found += [f"{path}:{line}: {match[0].strip()!r}: {instead}" for match in pattern.finditer(flowing)]
        if kind == HELPS:
            lengths = [len(sentence.split()) for sentence in re.split(r"[.;:] ", flowing)]
            found += [f"{path}:{line}: a sentence of {n} words; at most {LONGEST}" for n in lengths if n > LONGEST]
    return found


def tracked() -> list[Path]:
    """Every Markdown and Python file of the repository that we write ourselves."""
    listed = subprocess.run(["git", "ls-files", "*.md", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.splitlines() if name not in _LEFT_OUT and (ROOT / name).is_file()]


def main(names: list[str]) -> int:
    """Returns an exit code."""
    found = [problem for path in ([Path(name) for name in names] or tracked()) for problem in problems(path)]
    print("\n".join(found), end="\n" if found else "")
    if found:
        print(f"{len(found)} to reword; the rules are in .ci/english.py")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
