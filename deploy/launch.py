"""The last step before a part of the stack: bind its life to its parent, shed root, become it (exec keeps the pid).

Run as a file by `deploy.process` with `python -I -S`, so it may import nothing but the standard library's smallest
modules and nothing of this project: it stands between every start of a part, which has a second in all.

usage: launch.py PARENT_PID DEATH_SIGNAL UID:GID|- PROGRAM [ARGUMENT ...]
"""

import ctypes
import os
import sys

# From <linux/prctl.h> and <linux/capability.h>; they are part of the kernel's stable interface.
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class CapabilityHeader(ctypes.Structure):
    """`cap_user_header_t`: which layout, which process (0: this one)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """`cap_user_data_t`: 32 capabilities as bits; version 3 takes two of these."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def on_linux() -> bool:
    """Death signals and ambient capabilities exist on Linux only; elsewhere a part starts without them."""
    return sys.platform == "linux"


def checked(result: int, what: str) -> None:
    """Turn the -1 of a C call into an OSError that says what was tried."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def bind_to_parent(libc: ctypes.CDLL, parent: int, death_signal: int) -> None:
    """Have the kernel send `death_signal` when `parent` dies; leave if it died before the kernel was asked."""
    checked(libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def passing_capability(libc: ctypes.CDLL) -> int | None:
    """The weakest capability we hold that passes folders of mode 0700: read and search, else override, else None.

    Containers often keep only the second.
    """
    data = (CapabilityData * 2)()
    checked(libc.capget(ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), data), "capget")
    held = int(data[0].effective)
    return next((c for c in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held & (1 << c)), None)


def become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Give up root for `uid:gid`, keeping nothing but the right to pass folders that are closed to it."""
    kept = passing_capability(libc)
    checked(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    bits = 0 if kept is None else 1 << kept
    data = (CapabilityData * 2)(CapabilityData(bits, bits, bits), CapabilityData(0, 0, 0))
    checked(libc.capset(ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), data), "capset")
    if kept is not None:
        checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0), "prctl(PR_CAP_AMBIENT)")
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def become_without_capabilities(uid: int, gid: int) -> None:
    """The same where there are no ambient capabilities: plain, and closed folders stay closed."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(arguments: list[str]) -> None:
    """Become the program named in the arguments; returns only by exception or exit."""
    parent, death_signal, identity, *program = arguments
    uid, gid = (int(part) for part in identity.split(":")) if identity != "-" else (None, None)
    if on_linux():
        libc = ctypes.CDLL(None, use_errno=True)
        if uid is not None and gid is not None:
            become(libc, uid, gid)
        # After the change of user: that change clears the death signal.
        bind_to_parent(libc, int(parent), int(death_signal))
    elif uid is not None and gid is not None:
        become_without_capabilities(uid, gid)
    os.execvp(program[0], program)  # noqa: S606 - this is its whole purpose


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"cannot start {sys.argv[4:5]}: {error}\n")
        sys.exit(126)
