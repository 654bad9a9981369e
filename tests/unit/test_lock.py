"""The lock of a stack, between two clones of one repository."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops import lock


def git(*arguments: str, cwd: Path) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git("init", "--bare", "remote.git", cwd=tmp_path)
    git("clone", "remote.git", "mine", cwd=tmp_path)
    mine = tmp_path / "mine"
    git("commit", "--allow-empty", "-m", "x", cwd=mine)
    git("push", "origin", "HEAD:main", cwd=mine)
    monkeypatch.chdir(mine)
    return mine


@pytest.mark.usefixtures("clone")
class TestLock:
    """Taking, seeing, giving back."""

    def test_free_taken_seen_and_given_back(self) -> None:
        assert lock.held("integration") is None
        lock.take("integration", "feature/x", "ann", "trying the new operator")
        seen = lock.held("integration")
        assert seen is not None
        assert (seen.branch, seen.by, seen.reason) == ("feature/x", "ann", "trying the new operator")
        assert lock.release("integration", "feature/x")
        assert lock.held("integration") is None
        assert not lock.release("integration", "feature/x")

    @pytest.mark.guarantee("two deployments at once")
    def test_another_branch_is_told_who_has_it(self) -> None:
        lock.take("integration", "a", "ann")
        with pytest.raises(lock.LockError, match="held for a by ann"):
            lock.take("integration", "b", "ben")
        with pytest.raises(lock.LockError, match="held for a by ann"):
            lock.release("integration", "b")
        assert lock.take("integration", "a", "ann").by == "ann"

    def test_stacks_are_apart_and_force_frees(self) -> None:
        lock.take("integration", "a", "ann")
        assert lock.held("production") is None
        assert lock.release("integration", "", force=True)

    @pytest.mark.guarantee("two deployments at once")
    def test_of_two_at_once_one_gets_it(self) -> None:
        def attempt(name: str) -> bool:
            try:
                return lock.take("integration", name, name).branch == name
            except lock.LockError:
                return False

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(attempt, ["a", "b", "c", "d"])) == 1

    def test_a_lock_that_was_taken_since_is_not_given_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lock.take("integration", "a", "ann")
        seen = lock._find("integration", "origin")  # pyright: ignore[reportPrivateUsage]
        lock.release("integration", "a")
        lock.take("integration", "b", "ben")
        monkeypatch.setattr(lock, "_find", lambda *_: seen)
        with pytest.raises(lock.LockError, match="git push"):
            lock.release("integration", "a")
        assert git("ls-remote", "origin", "refs/locks/integration", cwd=Path())

    def test_one_that_is_gone_since_is_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lock.take("integration", "a", "ann")
        seen = [lock._find("integration", "origin"), None]  # pyright: ignore[reportPrivateUsage]
        lock.release("integration", "a")
        monkeypatch.setattr(lock, "_find", lambda *_: seen.pop(0))
        assert not lock.release("integration", "a")

    def test_a_clone_stays_whole(self) -> None:
        lock.take("integration", "a", "ann")
        assert lock.held("integration")
        assert git("rev-parse", "--is-shallow-repository", cwd=Path()) == "false"

    def test_a_remote_that_does_not_answer_is_one_sentence(self) -> None:
        with pytest.raises(lock.LockError, match="git ls-remote"):
            lock.held("integration", "nowhere")
