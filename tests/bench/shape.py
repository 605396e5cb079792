"""Measure how the product's Python is built: sizes of files and functions, comments, private helpers, types.

`python -m tests.bench.shape [FOLDER …]` prints one row for each folder, or for the product. Migrations and tests are
left out. The numbers describe the code; they are no aim.

Definitions: a code line is neither blank nor only a comment or docstring. A comment line holds nothing but a comment.
A function's length is its lines without its decorators, docstring, comments and blank lines, the `def` included. A
private function's name begins with one underscore. A caller is another function, or a module's top level, of the same
file that names it. A function is typed when each argument but self and cls, and its result, have annotations.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"migrations", "tests", "test", "node_modules", ".venv", ".git", "docs"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Shape:
    """The figures of one code base, as lists to take percentiles of."""

    file_lines: list[int] = field(default_factory=list)
    function_lines: list[int] = field(default_factory=list)
    comment_lines: int = 0
    functions: int = 0
    private: int = 0
    private_with_one_caller: int = 0
    typed: int = 0

    def row(self) -> list[str]:
        """The cells of the table, in the order of HEADS."""
        lines = sum(self.file_lines)
        return [
            f"{lines:,} / {len(self.file_lines)}",
            " / ".join(map(str, _percentiles(self.file_lines))),
            " / ".join(map(str, _percentiles(self.function_lines)[:2])),
            f"{100 * self.comment_lines / lines:.1f}",
            f"{_share(self.private, self.functions)}, {_share(self.private_with_one_caller, self.private)}",
            _share(self.typed, self.functions),
        ]


HEADS = (
    "code lines / files",
    "file median / p90 / max",
    "function median / p90",
    "comment lines per 100",
    "private functions, of these with one caller",
    "typed",
)


def measure(folder: Path) -> Shape:
    """The shape of all Python files below a folder."""
    shape = Shape()
    for path in sorted(folder.rglob("*.py")):
        if not LEFT_OUT & set(path.relative_to(folder).parts[:-1]) and not path.name.startswith("test_"):
            _add_file(shape, path.read_text(errors="replace"))
    return shape


def _add_file(shape: Shape, source: str) -> None:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    code, comments = _lines_of_code(source, tree)
    if not code:
        return
    shape.file_lines.append(len(code))
    shape.comment_lines += len(comments)
    callers = _callers(tree)
    for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
        last = function.end_lineno or function.lineno
        shape.functions += 1
        shape.function_lines.append(sum(function.lineno <= line <= last for line in code))
        shape.typed += _is_typed(function)
        if function.name.startswith("_") and not function.name.startswith("__"):
            shape.private += 1
            shape.private_with_one_caller += len(callers.get(function.name, ())) == 1


def _lines_of_code(source: str, tree: ast.Module) -> tuple[set[int], set[int]]:
    """Numbers of the lines that hold code, and of those that hold nothing but a comment."""
    code, comments = set[int](), set[int]()
    noise = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in noise:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *Function.__args__)) and ast.get_docstring(
            node, clean=False
        ):
            text = node.body[0]
            code -= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return code, comments - code


def _callers(tree: ast.Module) -> dict[str, set[str]]:
    """Which functions of a file name each name; the top level counts as one."""
    callers: dict[str, set[str]] = {}

    def visit(node: ast.AST, inside: str) -> None:
        if isinstance(node, Function):
            inside = f"{node.name}:{node.lineno}"
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name and not inside.startswith(f"{name}:"):
            callers.setdefault(name, set()).add(inside)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree, "")
    return callers


def _is_typed(function: Function) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    needed = [argument for argument in every if argument.arg not in {"self", "cls"}]
    return function.returns is not None and all(argument.annotation for argument in needed)


def _percentiles(numbers: list[int]) -> tuple[int, int, int]:
    """Median, 90th percentile and maximum."""
    ordered = sorted(numbers)
    return int(statistics.median(ordered)), ordered[int(0.9 * (len(ordered) - 1))], ordered[-1]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def _total(folders: Iterable[Path]) -> Iterator[tuple[str, Shape]]:
    product = Shape()
    for folder in folders:
        part = measure(folder)
        for name in Shape.__dataclass_fields__:
            setattr(product, name, getattr(product, name) + getattr(part, name))
    yield "AuditPortal", product


def main(folders: list[str]) -> None:
    """Print a Markdown table, one column for each code base."""
    named = [(Path(folder).name, measure(Path(folder))) for folder in folders]
    columns = named or list(_total([ROOT / "auditportal", ROOT / "recordings"]))
    print("| |", " | ".join(name for name, _ in columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    rows = [shape.row() for _, shape in columns]
    for number, head in enumerate(HEADS):
        print(f"| {head} |", " | ".join(row[number] for row in rows), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
