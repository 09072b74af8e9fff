"""Files of the evidence: beside the library, whole or not at all, and never anywhere else."""

import json
from pathlib import Path

import pytest

from activities.evidence.files import EVIDENCE, EvidenceFiles, names
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from tests.support.evaluated import a_report


def test_a_publication_has_the_plain_names_and_a_later_evaluation_its_model(tmp_path: Path) -> None:
    files = EvidenceFiles(tmp_path)
    assert files.write(a_report("notes", "1.2.0")) == f"{EVIDENCE}/notes/1.2.0"
    files.write(a_report("notes", "1.2.0", reason="demand", model="openai/gpt-5", verdict="retire"))
    folder = tmp_path / EVIDENCE / "notes" / "1.2.0"
    assert sorted(file.name for file in folder.iterdir()) == [
        "evaluation-openai-gpt-5.json",
        "evaluation.json",
        "evidence-openai-gpt-5.md",
        "evidence.md",
    ]
    assert json.loads((folder / "evaluation.json").read_text())["verdict"] == "keep"
    assert json.loads((folder / "evaluation-openai-gpt-5.json").read_text())["verdict"] == "retire"
    assert (folder / "evidence.md").read_text().startswith("# Evidence for `notes` 1.2.0\n")


def test_writing_twice_changes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    files, report = EvidenceFiles(tmp_path), a_report("notes")
    assert len(files.missing("notes", "1.0.0", "publication", "")) == 2
    files.write(report)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    files.write(report)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert files.missing("notes", "1.0.0", "publication", "") == []


@pytest.mark.parametrize("model", ["../../etc/passwd", "a/b\0c", "x" * 400, "", "openai/../../up"])
def test_a_models_name_never_leaves_the_folder(tmp_path: Path, model: str) -> None:
    report = a_report("notes", reason="schedule", model=model)
    EvidenceFiles(tmp_path).write(report)
    folder = tmp_path / EVIDENCE / "notes" / "1.0.0"
    assert {file.name for file in folder.iterdir()} == set(names("schedule", model))
    assert [file for file in tmp_path.rglob("*") if file.is_file() and file.parent != folder] == []


@pytest.mark.parametrize(("name", "version"), [("..", ".."), ("", "1.0.0"), ("notes", ""), ("notes", "../../x")])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str, version: str) -> None:
    with pytest.raises(LibraryConflict):
        EvidenceFiles(tmp_path / "library").write(a_report(name, version))
    assert list(tmp_path.rglob("*.json")) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    library, outside = tmp_path / "library", tmp_path / "outside"
    outside.mkdir()
    (library / EVIDENCE).mkdir(parents=True)
    (library / EVIDENCE / "notes").symlink_to(outside)
    with pytest.raises(LibraryConflict, match="link"):
        EvidenceFiles(library).write(a_report("notes"))
    (library / EVIDENCE / "tags" / "1.0.0").mkdir(parents=True)
    (library / EVIDENCE / "tags" / "1.0.0" / "evidence.md").symlink_to(outside / "evidence.md")
    with pytest.raises(LibraryConflict, match="link"):
        EvidenceFiles(library).write(a_report("tags"))
    assert list(outside.iterdir()) == []


def test_the_folder_is_no_shelf(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path)
    shelves.prepare()
    EvidenceFiles(tmp_path).write(a_report("notes"))
    assert (shelves.places(), list(shelves.names()), shelves.leftovers(), shelves.links()) == ([], [], [], [])
