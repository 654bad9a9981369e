"""Nothing in the repository points out of it: whoever clones it has all that it names."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = re.compile(r"(?<![\w./:-])((?:[\w.-]+/|\.\./)*[\w-]+\.md)\b")
LINKS = re.compile(r"\]\(((?!https?:|mailto:|#)[^)#\s]+)")
PARENTS = re.compile(r"Path\(__file__\)(?:\.resolve\(\))?(?:\.parents\[(\d+)\]|((?:\.parent)+)\b)")
#: A list that is told by its numbers is somewhere else, and so is a folder of one person's machine.
NUMBERS = re.compile(
    r"\b(?:bad[ _-]inputs?|faults?|invariants?|checks?|issues?)[ _-]#?\d+\b|def test_\d", re.IGNORECASE
)
MACHINE = re.compile(r"(?<![\w.$}{>-])/(?:work|workspace|root|mnt|Users)/\w")
#: Made by a verb, or another project's own.
ELSEWHERE = {
    "FILE.md",
    "build/e2e/changes.md",
    "build/plan/comment.md",
    "build/prove/STACK-TIME.md",
    "comment.md",
    "docs/user-guide/nginx-configuration/configmap.md",
}


def tracked() -> dict[str, str]:
    """The text of every file that a clone has."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts: dict[str, str] = {}
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            texts[name] = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
    return texts


def there(files: Iterable[str]) -> set[str]:
    """Whatever a file may name: files, by path or by name alone, and folders."""
    paths = [Path(file) for file in files]
    folders = {parent.as_posix() for path in paths for parent in path.parents}
    return {*files, *(path.name for path in paths), *folders}


def pointers(name: str, text: str, known: set[str]) -> Iterator[str]:
    """What a file names that a clone does not have, a line each."""
    here = Path(name).parent
    for page in PAGES.findall(text):
        if page not in ELSEWHERE and not {page, _joined(here, page)} & known:
            yield f"{name}: {page} is not here"
    for link in LINKS.findall(text) if name.endswith(".md") else ():
        if _joined(here, link.rstrip("/")) not in known:
            yield f"{name}: the link {link} leads nowhere"
    for number, chain in PARENTS.findall(text) if name.endswith(".py") else ():
        if (int(number) + 1 if number else chain.count(".parent")) > len(Path(name).parents):
            yield f"{name}: a folder above the repository"
    for pattern in (NUMBERS, MACHINE):
        yield from (f"{name}: {found[0]}" for found in pattern.finditer(text))


def _joined(folder: Path, path: str) -> str:
    """The path from the root, or the path itself where it leads above it."""
    parts = list(folder.parts)
    for part in Path(path).parts:
        if part == "..":
            if not parts:
                return path
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_nothing_points_out() -> None:
    texts = tracked()
    assert len(texts) > 400
    known = there(texts)
    assert [line for name, text in texts.items() for line in pointers(name, text, known)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/unit/a.py", "# as plans" + ".md says"),
        ("docs/aws.md", "[b](../" + "../c/d.txt)"),
        ("docs/aws.md", "[b](c.png)"),
        ("tests/unit/a.py", "DATA = Path(__file__)" + ".parents[3] / 'data'"),
        ("tests/unit/a.py", "DATA = Path(__file__).resolve()" + ".parent.parent.parent.parent"),
        ("tests/unit/a.py", "# checks: bad " + "input 23"),
        ("tests/unit/a.py", "def " + "test_23_a_host() -> None:"),
        ("docs/aws.md", "see /" + "root/notes"),
    ],
)
def test_a_pointer_is_noticed(name: str, text: str) -> None:
    assert list(pointers(name, text, there([name, "docs/azure.md"])))


def test_what_is_here_may_be_named() -> None:
    text = "[b](azure.md), docs/azure.md, [a](../tests/unit/a.py), https://example.org/c.md, Path(__file__).parents[2]"
    assert list(pointers("docs/aws.md", text, there(["docs/azure.md", "tests/unit/a.py"]))) == []
