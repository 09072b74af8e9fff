"""The shelves of the library as a tree: all of it, each shelf, and on the open shelf the tags of its skills."""

from collections.abc import Mapping, Sequence

from domain.library.views import Count
from domain.shape import Shape
from domain.taxonomy import Shelf, Taxonomy


class Branch(Shape):
    """One shelf. `open`: it is the one that is looked at; only then its `tags` are known."""

    name: str
    title: str
    description: str = ""
    skills: int = 0
    open: bool = False
    tags: list[Count] = []


class Tree(Shape):
    """All shelves, in the order of the taxonomy; those it does not know any more come last. `skills`: in all."""

    skills: int
    shelves: list[Branch]


def tree_of(taxonomy: Taxonomy, counted: Mapping[str, int], category: str, tags: Sequence[Count]) -> Tree:
    """The tree, with how many skills in use each shelf holds. `category`: the open shelf, or another word for it."""
    chosen = taxonomy.find(category) or category
    forgotten = [Shelf(name=name, title=name, description="") for name in sorted(set(counted) - set(taxonomy.names))]
    shelves = [
        Branch(
            name=shelf.name,
            title=shelf.title,
            description=shelf.description,
            skills=counted.get(shelf.name, 0),
            open=shelf.name == chosen,
            tags=[*tags] if shelf.name == chosen else [],
        )
        for shelf in [*taxonomy.categories, *forgotten]
    ]
    return Tree(skills=sum(counted.values()), shelves=shelves)
