"""The page that says which rows of the procedure work is held against the tree."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "procedure.md").read_text()
ROWS = re.findall(r"^\| (S\d+) \| .*? \| (?:`(.*?)`)? ?\| (.*?) \|$", PAGE, re.MULTILINE)
DONE = [(row, code) for row, code, today in ROWS if today != "later"]


@cache
def docstrings() -> str:
    """The docstrings of all tests."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))
    functions = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return "\n".join(ast.get_docstring(one) or "" for one in functions if one.name.startswith("test_"))


def test_all_rows_listed():
    """The page lists the rows S1 to S31 once each, in order."""
    assert [f"S{number}" for number in range(1, 32)] == [row for row, _, _ in ROWS]


@pytest.mark.parametrize(("row", "code"), DONE, ids=[row for row, _ in DONE])
def test_row_has_code_and_test(row, code):
    """A row that is said to work has its module, which cites it or whose package does, and a test that names it."""
    named = re.compile(rf"\b{row}\b")

    assert (ROOT / code).is_file()
    assert named.search(docstrings()), f"no test names {row}"
