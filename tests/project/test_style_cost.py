"""Rules that the browser need not try on every element of a page."""

from __future__ import annotations

import re

from sessions_admin.project import styles

RULE = re.compile(r"([^{};]+)\{")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# What a row stands in. Rules below other classes cost nothing: the browser sees that none is there.
AROUND_ROWS = {".sa-results", ".sa-table-frame", ".sa-table", ".sa-table--list"}
# In the frame of a host only; and a state that hardly an element is in.
EXCEPT = (":where(.sa-hosted)", ":where(&:not(& *))", ":focus-visible")


def test_a_rule_for_the_rows_names_what_it_is_for():
    """A rule for `:is(a, b)` or `*` is tried on each of the two thousand elements of a page."""
    screen = [part for part in styles.ORDER if part != "print"]
    text = "".join((styles.PARTS / f"{part}.css").read_text(encoding="utf-8") for part in screen)
    preludes = [each for each in RULE.findall(COMMENT.sub("", text)) if "@" not in each]
    selectors = [each.strip() for prelude in preludes for each in split(prelude, ",")]
    assert len(selectors) > 300
    assert [each for each in selectors if is_tried_on_rows(each)] == []


def is_tried_on_rows(selector):
    *around, last = split(selector, " >+~")
    classes = set(re.findall(r"[.][\w-]+", " ".join(re.sub(r":not\(.*?\)", "", a) for a in around)))
    is_excepted = any(each in selector for each in EXCEPT)
    return classes <= AROUND_ROWS and is_for_all(last) and not is_excepted


def is_for_all(compound):
    """Whether this part of a selector has no name outside of lists, to file the rule under."""
    alone = re.sub(r":(?:is|where)\(([^,()]+)\)", r"\1", compound)
    outside = re.sub(r"\((?:[^()]|\([^()]*\))*\)", "", alone)
    return not re.match(r"[a-z&]", outside) and not re.search(r"[.#\[&]", outside)


def split(text, separators):
    """Split a selector at these characters, outside brackets."""
    parts, depth = [""], 0
    for letter in text.strip():
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        if letter in separators and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]
