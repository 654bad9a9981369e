"""docs/guarantees.md and the tests that name its guarantees, both read as text, so that no suite is run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guarantees.md"
_SHOWN = re.compile(r"`(tests/\S+\.py::\S+)`")


@dataclass
class Guarantee:
    """What the page says of one: its reason, and the tests that it names."""

    text: str
    tests: list[str] = field(default_factory=list)


def of_the_page(text: str) -> dict[str, Guarantee]:
    """By name. What a section names before its first guarantee shows each of the section."""
    found: dict[str, Guarantee] = {}
    shared: list[str] = []
    current: Guarantee | None = None
    for line in text.splitlines():
        if line.startswith("#"):
            shared, current = [], None
        if begins := re.match(r"- \*\*(.+?)\*\*", line):
            assert begins[1] not in found, f"{begins[1]} stands there twice"
            current = found[begins[1]] = Guarantee("", [*shared])
        if current:
            current.text += f"{line}\n"
        (current.tests if current else shared).extend(_SHOWN.findall(line))
    return found


class Source:
    """One file of tests: what it assigns, imports and defines."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT).as_posix()
        self._tree = ast.parse(path.read_text())
        self._assigned: dict[str, ast.expr] = {}
        self._imported: dict[str, tuple[str, str]] = {}
        for node in self._tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assigned[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self._assigned[name] = value
                case ast.ImportFrom(module=str(module), names=names):
                    self._imported |= {one.asname or one.name: (module, one.name) for one in names}
                case _:
                    pass

    def tests(self) -> Iterator[tuple[str, set[str]]]:
        """The id of each test that pytest collects here, without parameters, and the guarantees that it names."""
        for node in self._tree.body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                above = self._named(node.decorator_list)
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                        yield f"{self.path}::{node.name}::{inner.name}", above | self._named(inner.decorator_list)
            elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                yield f"{self.path}::{node.name}", self._named(node.decorator_list)

    def _named(self, decorators: list[ast.expr]) -> set[str]:
        return {name for decorator in decorators for name in self._names(decorator)}

    def _names(self, mark: ast.expr) -> Iterator[str]:
        """The names of `pytest.mark.guarantee(…)`, or of a constant that is one; none of another mark."""
        if not isinstance(mark, ast.Call):
            where, mark = self._value(mark)
            if isinstance(mark, ast.Call):
                yield from where._names(mark)
        elif isinstance(mark.func, ast.Attribute) and mark.func.attr == "guarantee":
            for argument in mark.args:
                yield from self._texts(argument)

    def _texts(self, argument: ast.expr) -> Iterator[str]:
        match argument:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Starred(value=value):
                _, table = self._value(value)
                assert isinstance(table, ast.Dict), f"{self.path}: {ast.unparse(value)} is no table of guarantees"
                for key in table.keys:
                    assert isinstance(key, ast.Constant)
                    yield str(key.value)
            case _:
                raise AssertionError(f"{self.path}: {ast.unparse(argument)} is no name of a guarantee")

    def _value(self, node: ast.expr) -> tuple["Source", ast.expr]:
        """What a name, or a module's attribute, was assigned in this file or in the one that it comes from."""
        match node:
            case ast.Name(id=name) if name in self._assigned:
                return self, self._assigned[name]
            case ast.Name(id=name) if (found := self._imported.get(name)) and (file := _file(found[0])):
                return source(file)._value(ast.Name(found[1]))
            case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in self._imported:
                file = _file(".".join(self._imported[alias]))
                return source(file)._value(ast.Name(name)) if file else (self, node)
            case _:
                return self, node


def _file(module: str) -> Path | None:
    path = ROOT / f"{module.replace('.', '/')}.py"
    return path if module.startswith("tests.") and path.is_file() else None


@cache
def source(path: Path) -> Source:
    return Source(path)


def of_the_tests() -> dict[str, set[str]]:
    """Every test of every suite, and the guarantees that it names."""
    return {name: named for file in sorted(ROOT.glob("tests/**/test_*.py")) for name, named in source(file).tests()}
