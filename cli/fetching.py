"""From names to verified files: which releases are to be installed, in which order, and their bytes. Must not write."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from cli.client import Api
from cli.problems import CliError
from domain.errors import SkillFleetError
from domain.library.archive import ArchiveFormat
from domain.library.dependencies import Requirement, requirement
from domain.library.release import Artifact, Release
from domain.library.semver import Version
from domain.library.unpack import MAX_TOTAL
from domain.library.unpacking import unpacked
from domain.names import LEGAL
from domain.shape import Shape
from domain.skill import SkillFileEntry, SkillStatus

MOST = 100
"""Skills in one go; more is a library that requires itself in circles of another kind."""


class Fetched(Shape):
    """A release with its verified files. `archive`: the digest that was verified; `asked`: by name."""

    release: Release
    files: list[SkillFileEntry]
    archive: str
    asked: bool

    @property
    def sums(self) -> dict[str, str]:
        """SHA-256 of each file by its path."""
        return {file.path: sha256(file.data).hexdigest() for file in self.files}


class Order:
    """What is wanted, resolved against an api: each skill once, what it requires before it."""

    def __init__(self, api: Api, words: Sequence[str]) -> None:
        self._api = api
        self._wanted = dict(word.partition("@")[::2] for word in words)
        self._chosen: dict[str, Release] = {}

    def releases(self) -> list[Release]:
        """In the order to install them. Raises CliError."""
        for name in list(self._wanted):
            self._visit(name, None, ())
        return list(self._chosen.values())

    def only(self) -> Release:
        """The one that was named, without what it requires. Raises CliError."""
        [name] = self._wanted
        return self._release(name)

    def asked(self, release: Release) -> bool:
        """Whether a person named it."""
        return release.name in self._wanted

    def _visit(self, name: str, needed: Requirement | None, trail: tuple[str, ...]) -> None:
        if name in trail:
            circle = " → ".join((*trail[trail.index(name) :], name))
            raise CliError(f"{name} requires itself: {circle}.", next_step="mend `requires` of one of them")
        release = self._chosen.get(name) or self._release(name)
        _check(release, needed, trail)
        if release.name in self._chosen:
            return
        for word in release.requires:
            required = requirement(word)
            if required is None:
                raise CliError(
                    f"{release.name} requires {word!r}, which names no skill.", next_step="publish it mended"
                )
            self._visit(required.name, required, (*trail, name))
        if len(self._chosen) >= MOST:
            raise CliError(f"More than {MOST} skills would be installed.", next_step="name fewer")
        self._chosen[release.name] = release

    def _release(self, name: str) -> Release:
        if not LEGAL.fullmatch(name):
            raise CliError(f"{name!r} is no name of a skill.", next_step="see what there is: skill-fleet skills")
        release = self._api.get(f"/releases/{name}", Release, version=self._wanted.get(name) or None)
        if not LEGAL.fullmatch(release.name) or Version.parse(release.version) is None:
            raise _untrusted(name, "it answers with a name or version that is none")
        if release.name != name and name in self._wanted:
            self._wanted[release.name] = self._wanted[name]
        return release


def fetch(api: Api, release: Release, *, asked: bool) -> Fetched:
    """The files of a release. Raises CliError when their digest is not the one that the release states."""
    artifact = next((one for one in release.artifacts if one.format == ArchiveFormat.ZIP), None)
    if artifact is None:
        raise CliError(f"{release.name} {release.version} is not handed out.", next_step="choose another version")
    data = _verified(api, release.name, artifact)
    try:
        files = unpacked(data, ArchiveFormat.ZIP)
    except SkillFleetError as error:
        raise _untrusted(release.name, str(error)) from error
    return Fetched(release=release, files=files, archive=artifact.digest, asked=asked)


def _verified(api: Api, name: str, artifact: Artifact) -> bytes:
    if not artifact.url.startswith("/") or artifact.size > MAX_TOTAL:
        raise _untrusted(name, "its archive is elsewhere, or too large")
    data = api.data(api.url + artifact.url, artifact.size)
    if f"sha256:{sha256(data).hexdigest()}" != artifact.digest:
        raise _untrusted(name, "its digest is not the one that the api states")
    return data


def _check(release: Release, needed: Requirement | None, trail: Sequence[str]) -> None:
    by = f", which {trail[-1]} requires," if trail else ""
    if release.status == SkillStatus.YANKED:
        instead = f"take {release.replaced_by} instead" if release.replaced_by else "choose another skill"
        raise CliError(
            f"{release.name}{by} was yanked.", why=release.note or "no reason is on record", next_step=instead
        )
    there = Version.parse(release.version)
    if needed is not None and (there is None or not needed.met_by(there)):
        raise CliError(
            f"{release.name} {release.version} does not fit: {trail[-1]} requires {needed}.",
            why=f"the library's newest is {release.latest}",
            next_step=f"name versions that fit each other: {release.name}@VERSION",
        )


def _untrusted(name: str, why: str) -> CliError:
    return CliError(
        f"{name} was not installed: what came is not what was published.",
        why=why,
        next_step="run it again; if it stays so, tell whoever runs the api",
    )


def warnings(releases: Sequence[Release]) -> Mapping[str, str]:
    """What is to be said of the releases, by name."""
    return {release.name: release.warning for release in releases if release.warning}
