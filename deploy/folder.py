"""The data folder of one stack: where everything in it lies, and the lock that says whose it is."""

import fcntl
import os
import pwd
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from deploy import stack_file
from deploy.errors import AlreadyRunningError, StackError


@dataclass(frozen=True)
class Folder:
    """Paths in a data folder; nothing exists until `create`."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the `up` that runs here; names it."""
        return self.root / "lock"

    @property
    def stack(self) -> Path:
        """Addresses and processes of the running stack (see `deploy.stack_file`)."""
        return self.root / "stack.json"

    @property
    def ports(self) -> Path:
        """The ports of the last run, preferred by the next."""
        return self.root / "ports.json"

    @property
    def logs(self) -> Path:
        """One log per part, and `up.log` of a stack in the background."""
        return self.root / "logs"

    @property
    def temporal(self) -> Path:
        """Temporal's database file."""
        return self.root / "temporal.db"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.root / "postgres"

    @property
    def password(self) -> Path:
        """The password of the application's database role (mode 0600)."""
        return self.root / "postgres-password"

    @property
    def option(self) -> str:
        """How to name this folder on a command line."""
        return f"--data-dir {shlex.quote(str(self.root))}"

    def create(self) -> None:
        """Make the folder, closed to others when it is new; StackError when that is not allowed."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"cannot use the data folder {self.root}: {error.strerror}. Name another: --data-dir D"
            ) from error


class Holder(BaseModel):
    """Who runs the stack: the supervisor's process, its user, and the second (Unix time) it began."""

    pid: int
    user: str
    since: float


class FolderLock:
    """Held while a stack runs here; the system drops it with the process, however that ends."""

    def __init__(self, folder: Folder, descriptor: int) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self.after_kill = os.fstat(descriptor).st_size > 0
        """Whether the last holder was killed: it left its lock file, and its parts may be ending at this moment."""

    @classmethod
    def acquire(cls, folder: Folder) -> "FolderLock":
        """Take the lock, or AlreadyRunningError with who has it."""
        descriptor = open_locked(folder.lock)
        if descriptor is None:
            raise AlreadyRunningError(describe(folder, holder(folder)))
        lock = cls(folder, descriptor)
        me = Holder(pid=os.getpid(), user=user_name(os.getuid()), since=time.time())
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, me.model_dump_json().encode(), 0)
        return lock

    def release(self) -> None:
        """Give the folder back and leave no lock file behind."""
        self._folder.lock.unlink(missing_ok=True)
        os.close(self._descriptor)


def open_locked(path: Path) -> int | None:
    """Open and lock; None when another has it. Not inherited: a part must not hold its supervisor's lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
        os.close(descriptor)  # its owner removed it between our two steps


def holder(folder: Folder) -> Holder | None:
    """Who runs a stack here, or None. Asks the lock, not the file: a killed supervisor leaves its file behind."""
    try:
        descriptor = os.open(folder.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise StackError(f"cannot read {folder.lock}: it belongs to another user. Ask as that user.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def read_holder(descriptor: int) -> Holder:
    """The holder's own words; a process of 0 when it has not written them yet."""
    try:
        return Holder.model_validate_json(os.pread(descriptor, 4096, 0))
    except ValidationError:
        return Holder(pid=0, user="?", since=time.time())


def describe(folder: Folder, who: Holder | None) -> str:
    """Why this folder cannot be used now, and what to do."""
    if who is None or who.pid == 0:
        return f"another `up` is starting or ending in {folder.root}. Try again in a moment."
    stack = stack_file.read(folder.stack)
    at = f" at {stack.api_url}" if stack else ", still starting"
    return (
        f"a stack already runs in {folder.root}{at} (process {who.pid} of user {who.user}). Nothing was changed. "
        f"Use it, or stop it with `skill-fleet down {folder.option}`, or name another folder: --data-dir D"
    )


def user_name(uid: int) -> str:
    """The login name, or the number where there is none (a container's user)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
