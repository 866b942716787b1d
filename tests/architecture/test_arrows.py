"""Who may import whom (design 3), what workflows may touch (design 9), and where remote writes are made (design 8)."""

import ast
import functools
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
from connectors.guard import WRITING_METHODS
from domain.stages import NEXT_ACTIONS, HoldCause

ROOT = Path(__file__).parents[2]
PARTS = ("domain", "connectors", "ledger", "activities", "workflows", "operators", "sandbox", "worker")
ARROWS = {
    "domain": set[str](),
    "connectors": {"domain"},
    "ledger": {"domain"},
    "activities": {"connectors", "ledger", "domain"},
    "workflows": {"domain", "activities"},
    "operators": {"workflows", "activities", "connectors", "ledger", "domain", "worker", "sandbox"},
    "sandbox": set[str](),
    "worker": {"workflows", "activities", "connectors", "ledger", "domain", "operators"},
}
NO_TEMPORAL = ("domain", "connectors", "ledger", "sandbox")
FILE_MAX = 400


def files_of(*parts: str) -> list[Path]:
    """Our own modules; migrations are written by a tool."""
    found = [f for part in parts for f in [ROOT / f"{part}.py", *(ROOT / part).rglob("*.py")] if f.is_file()]
    return [f for f in found if "versions" not in f.parts]


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """The file's syntax, the same nodes each time."""
    return ast.parse(file.read_text(), str(file))


def place(file: Path, node: ast.AST) -> str:
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imports_of(file: Path) -> Iterator[tuple[str, str]]:
    """The modules a file imports, each with its place."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, place(file, node)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(file, node)}: imports name the whole path"
            yield node.module or "", place(file, node)


def calls_of(file: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree_of(file)) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize("part", ARROWS)
def test_a_part_imports_only_what_the_design_draws(part: str) -> None:
    drawn = ARROWS[part] | {part}
    files = files_of(part)
    assert files
    wrong = [
        f"{where}: {part} imports {module}"
        for file in files
        for module, where in imports_of(file)
        if module.split(".")[0] in PARTS and module.split(".")[0] not in drawn
    ]
    assert wrong == []


def test_the_product_imports_nothing_of_its_tests_and_benchmarks() -> None:
    wrong = [
        where
        for file in files_of(*PARTS)
        for name, where in imports_of(file)
        if name.split(".")[0] in {"tests", "bench"}
    ]
    assert wrong == []


@pytest.mark.parametrize("part", NO_TEMPORAL)
def test_temporal_meets_rules_connectors_ledger_and_sandbox_nowhere(part: str) -> None:
    wrong = [where for file in files_of(part) for name, where in imports_of(file) if name.split(".")[0] == "temporalio"]
    assert wrong == []


def test_the_rules_know_no_library_but_pydantic_and_do_no_io() -> None:
    io = {
        "asyncio",
        "http",
        "logging",
        "os",
        "pathlib",
        "random",
        "socket",
        "subprocess",
        "threading",
        "time",
        "urllib",
    }
    allowed = (set(sys.stdlib_module_names) - io) | {"domain", "pydantic"}
    wrong = [
        f"{where}: {n}" for f in files_of("domain") for n, where in imports_of(f) if n.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_the_rules_read_no_clock() -> None:
    wrong = [place(f, c) for f in files_of("domain") for c in calls_of(f) if name_of(c) in {"now", "utcnow", "today"}]
    assert wrong == []


# ---- workflows -------------------------------------------------------------------------------------------------------


def test_workflows_import_only_what_the_house_rules_allow() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "temporalio", "domain", "activities", "workflows"}
    wrong = [
        f"{where}: {n}" for f in files_of("workflows") for n, where in imports_of(f) if n.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_every_activity_and_timer_of_a_workflow_has_a_summary() -> None:
    """An activity takes its options from `workflows.policies`, whose functions all want a summary."""
    bare = [
        place(file, call)
        for file in files_of("workflows")
        for call in calls_of(file)
        if re.fullmatch(r"(execute|start)_(local_)?activity(_method|_class)?", name_of(call)) and not _has_summary(call)
    ]
    timers = [
        place(file, call)
        for file in files_of("workflows")
        for call in calls_of(file)
        if (name_of(call) == "sleep" and not _given(call, "summary"))
        or (name_of(call) == "wait_condition" and _given(call, "timeout") and not _given(call, "timeout_summary"))
    ]
    assert (bare, timers) == ([], [])


def test_every_set_of_activity_options_wants_a_summary() -> None:
    tree = tree_of(ROOT / "workflows" / "policies.py")
    makers = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    assert len(makers) >= 3
    without = [maker.name for maker in makers if "summary" not in {a.arg for a in maker.args.args}]
    configs = [
        call for call in ast.walk(tree) if isinstance(call, ast.Call) and name_of(call).endswith("ActivityConfig")
    ]
    assert (without, [c.lineno for c in configs if not _given(c, "summary")]) == ([], [])


def _given(call: ast.Call, keyword: str) -> bool:
    return any(k.arg == keyword for k in call.keywords)


def _has_summary(call: ast.Call) -> bool:
    from_policies = any(
        k.arg is None and isinstance(k.value, ast.Call) and ast.unparse(k.value.func).startswith("policies.")
        for k in call.keywords
    )
    return from_policies or _given(call, "summary")


# ---- remote writes ---------------------------------------------------------------------------------------------------


def test_remote_writes_are_handed_to_the_effect_mechanism_and_called_nowhere() -> None:
    for module in pkgutil.walk_packages(connectors.__path__, "connectors."):
        importlib.import_module(module.name)
    names = {name for name in WRITING_METHODS if not name.endswith("for_this_test")}
    assert {"create_invoice", "create_slip", "write_number"} <= names
    handed: set[str] = set()
    wrong: list[str] = []
    for file in files_of(*(part for part in PARTS if part != "sandbox"), "bench"):
        given = {id(node) for node in _given_to_a_writer(file)}
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and node.attr in names:
                handed.add(node.attr)
                wrong += [] if id(node) in given else [f"{place(file, node)}: {ast.unparse(node)}"]
    assert (wrong, handed) == ([], names)


WRITERS = {f"activities/{name}.py" for name in ("retailpro", "hotwax", "po_imports", "po_answers", "po_rest_receipts")}
"""Where writers are made."""


def _given_to_a_writer(file: Path) -> Iterator[ast.expr]:
    """What an activity hands to a `Writer` as its `send`."""
    if file.relative_to(ROOT).as_posix() not in WRITERS:
        return
    for call in calls_of(file):
        if name_of(call) == "Writer":
            yield from (keyword.value for keyword in call.keywords if keyword.arg == "send")


def test_only_the_effect_mechanism_opens_the_lock_on_writing() -> None:
    opened = {
        file.relative_to(ROOT).as_posix()
        for file in files_of(*PARTS)
        for c in calls_of(file)
        if name_of(c) == "writing_allowed"
    }
    assert opened == {"activities/effects.py"}


# ---- the house -------------------------------------------------------------------------------------------------------


def test_no_activity_in_a_thread_is_interrupted_between_two_lines_of_its_code() -> None:
    """The SDK raises a cancellation into the thread: in the middle of a transaction, or of a write on the wire."""
    interrupted = [
        place(file, node)
        for file in files_of("activities")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef)
        for decorator in map(ast.unparse, node.decorator_list)
        if decorator.startswith("activity.defn") and "no_thread_cancel_exception=True" not in decorator
    ]
    assert interrupted == []


def test_nothing_is_printed_outside_the_logs() -> None:
    wrong = [
        place(file, call)
        for file in files_of(*PARTS)
        for call in calls_of(file)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert wrong == []


def test_no_module_is_too_long_to_read() -> None:
    files = [*files_of(*PARTS), *files_of("bench", "tests")]
    long = {f.relative_to(ROOT).as_posix(): n for f in files if (n := len(f.read_text().splitlines())) > FILE_MAX}
    assert long == {}


def test_every_hold_tells_operators_what_to_do_also_in_their_guide() -> None:
    guide = (ROOT / "docs" / "operators.md").read_text()
    undocumented = [cause for cause in HoldCause if f"`{cause}`" not in guide]
    assert (set(HoldCause) - NEXT_ACTIONS.keys(), undocumented) == (set(), [])
