"""What a page's address asks, and the addresses of its neighbours."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams

from ner_retriever.errors import QueryError
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Example, Query, check_detection
from ner_retriever.search.rollup import Order
from ner_retriever.search.saved import SavedQuery
from ner_retriever.web.questions import CutoffChoice, Duplicates, Question
from ner_retriever.web.service import Service

View = Literal["documents", "entities", "map", "unsure", "check"]
_CONDITIONS = ("exclude", "near", "alongside")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a page's address asks.

    Attributes:
        query: what is asked; ``None`` on the first page.
        saved: the saved query that it is, with its judgements.
        cutoff: where the answer ends.
        min_detection: least detection score of a mention that counts; ``None`` for any.
        view: how it is shown.
        order: of entities.
        refined: whether judgements refine the ranking.
        new: whether only documents are shown that came since the query was last seen.
        duplicates: whether one of several equal documents stands for all.
    """

    query: Query | None = None
    saved: SavedQuery | None = None
    cutoff: float | Literal["auto"] = "auto"
    min_detection: float | None = None
    view: View = "documents"
    order: Order = "score"
    refined: bool = True
    new: bool = False
    duplicates: Duplicates = "fold"

    @property
    def feedback(self) -> Feedback:
        """The judgements so far."""
        return self.saved.feedback if self.saved else Feedback()

    def question(self, *, cutoff: CutoffChoice, refined: bool = True) -> Question:
        """Return the question with another cut-off, and without refinement if told so."""
        if self.query is None:
            raise QueryError("nothing is asked; name a type in words")
        return Question(
            query=self.query,
            feedback=self.feedback if refined and self.refined else Feedback(),
            cutoff=cutoff,
            min_detection=self.min_detection,
            since=self.saved.seen if self.saved and self.new else 0,
            duplicates=self.duplicates,
        )

    def fields(self) -> list[tuple[str, str]]:
        """Return the names and values that make the address."""
        fields: list[tuple[str, str]] = []
        if self.saved:
            fields.append(("saved", self.saved.name))
        elif self.query:
            fields += query_fields(self.query)
        if self.cutoff != (self.saved.cutoff if self.saved else "auto"):
            fields.append(("cutoff", _word(self.cutoff)))
        if self.min_detection != (self.saved.min_detection if self.saved else None):
            # 0 stands for any, where the saved query has another.
            fields.append(("min_detection", f"{self.min_detection or 0:g}"))
        if self.view != "documents":
            fields.append(("view", self.view))
        if self.order != "score":
            fields.append(("order", self.order))
        if not self.refined:
            fields.append(("refined", "0"))
        if self.new:
            fields.append(("new", "1"))
        if self.duplicates != "fold":
            fields.append(("duplicates", self.duplicates))
        return fields

    def address(self, path: str = "/search", **changes: Any) -> str:
        """Return the address of a neighbour: the same, with some attributes changed.

        Args:
            path: of the page.
            changes: attributes by name; others become fields of the address as they are.
        """
        ours = {name: changes.pop(name) for name in list(changes) if name in self.__slots__}
        fields = replace(self, **ours).fields() + [(key, str(changes[key])) for key in changes]
        return f"{path}?{urlencode(fields)}" if fields else path

    def with_example(self, example: Example) -> str:
        """Return the address of the same query with one more example."""
        if self.query is None:
            raise QueryError("nothing is asked; name a type in words")
        like = tuple(dict.fromkeys((*self.query.like, example)))
        query = replace(self.query, like=like)
        return Asked(query=query, cutoff=self.cutoff, min_detection=self.min_detection).address()

    def narrowed(self, where: str) -> str:
        """Return the address of the same query with one more filter."""
        if self.query is None:
            raise QueryError("nothing is asked; name a type in words")
        both = f"({self.query.where}) and {where}" if self.query.where else where
        query = replace(self.query, where=both)
        return replace(self, query=query, saved=None).address()

    def without(self, name: str, part: object) -> str:
        """Return the address of the same query without one of its parts."""
        if self.query is None:
            raise QueryError("nothing is asked; name a type in words")
        if name == "where":
            query = replace(self.query, where=None)
            return replace(self, query=query, saved=None).address()
        parts = tuple(other for other in getattr(self.query, name) if other != part)
        if name == "like" and not parts and self.query.describe is None:
            return "/"
        changed: dict[str, Any] = {name: parts}
        query = replace(self.query, **changed)
        return replace(self, query=query, saved=None).address()


def query_fields(query: Query) -> list[tuple[str, str]]:
    """Return the names and values that stand for a query in an address."""
    fields = [] if query.describe is None else [("q", query.describe)]
    fields += [("like", str(example)) for example in query.like]
    for name in _CONDITIONS:
        fields += [(name, type) for type in getattr(query, name)]
    if query.names_only:
        fields.append(("names_only", "1"))
    if query.where is not None:
        fields.append(("where", query.where))
    return fields


def read_asked(service: Service, fields: QueryParams | FormData) -> Asked:
    """Read an address, or a form with the same fields.

    A saved query is let go where the other fields ask something else.

    Raises:
        RequestError: there is no saved query of that name.
        QueryError: a field makes no sense.
    """
    query = _query(fields)
    name = _last(fields, "saved")
    saved = service.saved(name) if name else None
    if saved is not None and query is not None and query != saved.query:
        saved = None
    if saved is not None:
        query = saved.query
    cutoff = _last(fields, "cutoff") or (_word(saved.cutoff) if saved else "auto")
    return Asked(
        query=query,
        saved=saved,
        cutoff=_cutoff(cutoff),
        min_detection=_detection(fields, saved),
        view=_one_of(fields, "view", get_args(View)),
        order=_one_of(fields, "order", get_args(Order)),
        refined=_last(fields, "refined") != "0",
        new=_last(fields, "new") == "1",
        duplicates=_one_of(fields, "duplicates", get_args(Duplicates)),
    )


def _query(fields: QueryParams | FormData) -> Query | None:
    describe = _last(fields, "q") or None
    like = tuple(Example.parse(word) for word in _filled(fields.getlist("like")))
    if describe is None and not like:
        return None
    conditions = {name: tuple(_filled(fields.getlist(name))) for name in _CONDITIONS}
    names_only = _last(fields, "names_only") == "1"
    return Query(
        describe=describe,
        like=like,
        exclude=conditions["exclude"],
        near=conditions["near"],
        alongside=conditions["alongside"],
        names_only=names_only,
        where=_last(fields, "where") or None,
    )


def _filled(values: Iterable[object]) -> list[str]:
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


def _last(fields: QueryParams | FormData, name: str) -> str:
    values = _filled(fields.getlist(name))
    return values[-1] if values else ""


def _one_of(fields: QueryParams | FormData, name: str, known: tuple[Any, ...]) -> Any:
    value = _last(fields, name) or known[0]
    if value not in known:
        raise QueryError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    return value


def _cutoff(word: str) -> float | Literal["auto"]:
    if word == "auto":
        return "auto"
    try:
        score = float(word)
    except ValueError:
        score = float("nan")
    if not -1.0 <= score <= 1.0:
        raise QueryError(f"the cut-off must be auto or a cosine in [-1, 1], not {word!r}")
    return score


def _detection(fields: QueryParams | FormData, saved: SavedQuery | None) -> float | None:
    word = _last(fields, "min_detection")
    if not word:
        return saved.min_detection if saved else None
    try:
        least = float(word)
    except ValueError:
        least = float("nan")
    check_detection(least)
    return least or None


def _word(cutoff: float | str) -> str:
    return cutoff if isinstance(cutoff, str) else f"{cutoff:g}"
