"""Fences from GeoJSON (RFC 7946). A file with a fault is refused as a whole, all faults at once.

Format: docs/geofences.md. `read` takes parsed JSON, `read_text` the content of a file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import orjson

from geofences import file_rules
from geofences.file_shapes import AREAS, read_shape
from geofences.file_values import finite_number, is_plain, made_up_id, slug
from geofences.file_warnings import warnings
from geofences.fingerprint import version_of
from geofences.model import Circle, Fault, Fence, FenceKind, FencesRefused, Rules, Shape
from geofences.rules import RULES

__all__ = ["read", "read_text", "warnings"]

MAX_FENCES = 100_000  # measured up to here
MAX_LEVELS = 10  # of fences inside fences; more is a cycle or a mistake
MAX_ID, MAX_NAME = 100, 200  # characters
MAX_ID_NUMBER = 2**53  # beyond, JSON readers disagree about the digits
MAX_PROPERTIES_BYTES = 16_384  # of one feature
KINDS = tuple(kind.value for kind in FenceKind)
WGS84_NAMES = ("CRS84", "4326")  # how the old member "crs" calls what GeoJSON means anyway
RADIUS = ("radius_m", "radius")  # by the first that is there; GeoJSON itself has no circles
OWN = frozenset({"id", "name", "kind", "parent", *RADIUS, *file_rules.NAMES})


def read_text(content: str | bytes) -> tuple[Fence, ...]:
    """The fences of a file's content. Raises `FencesRefused`, for broken JSON too."""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        # NaN is no JSON, but it comes; the feature that holds it says so more plainly.
        document = json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8: byte {error.start}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refused(f"is not JSON: {error.msg} ({where})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(f"is not JSON: {error}") from error
    return read(document)


def read(document: object) -> tuple[Fence, ...]:
    """The fences of a FeatureCollection, a Feature or an area alone, or of a list of them.

    Raises `FencesRefused` with everything that is wrong; nothing is repaired.
    """
    faults: list[Fault] = []
    features = list(_features(document, faults))
    if len(features) > MAX_FENCES:
        raise _refused(f"has {len(features)} features, at most {MAX_FENCES} are possible")
    drafts = [_Draft.of(feature, number) for number, feature in enumerate(features, 1)]
    _check_ids(drafts)
    _check_parents(drafts)
    fences = [fence for draft in drafts if (fence := _fence(draft)) is not None]
    faults += [Fault(draft.label, reason) for draft in drafts for reason in draft.reasons]
    if faults:
        raise FencesRefused(tuple(faults))
    return tuple(fences)


def _refused(reason: str) -> FencesRefused:
    return FencesRefused((Fault("", reason),))


def _features(document: object, faults: list[Fault]) -> Iterator[object]:
    for part in document if isinstance(document, list) and document else [document]:
        members = part if isinstance(part, Mapping) else {}
        if members.get("type") == "Feature":
            yield part
        elif members.get("type") in AREAS:
            yield {"type": "Feature", "geometry": part}
        elif members.get("type") != "FeatureCollection":
            faults.append(Fault("", "is not a GeoJSON FeatureCollection"))
        else:
            faults += _foreign_crs(members.get("crs"))
            features = members.get("features")
            if isinstance(features, list):
                yield from features
            else:
                faults.append(Fault("", "the FeatureCollection has no list of features"))


def _foreign_crs(crs: object) -> Iterator[Fault]:
    """Old files name a coordinate system; any other than WGS 84 would be somewhere else."""
    if crs is not None and not any(name in str(crs)[:MAX_NAME] for name in WGS84_NAMES):
        yield Fault("", "its crs is not WGS 84: export it as EPSG:4326")


@dataclass(slots=True)
class _Draft:
    """One feature on its way to a fence; `reasons` is what speaks against it."""

    label: str
    is_feature: bool = True
    id: str = ""
    name: str = ""
    parent: str | None = None
    geometry: object = None
    properties: Mapping[str, object] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, feature: object, number: int) -> _Draft:
        label = f"#{number}"
        if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
            return cls(label, is_feature=False, reasons=["is not a GeoJSON Feature"])
        draft = cls(label)
        properties = feature.get("properties")
        if isinstance(properties, Mapping):
            draft.properties = properties
        elif properties is not None:
            draft.reasons.append("properties must be an object")
        draft.geometry = feature.get("geometry")
        draft._take_names(feature.get("id"))
        draft._check_properties()
        return draft

    @property
    def radius(self) -> object:
        """What makes a Point a circle, as it was written."""
        several = (self.properties.get(name) for name in RADIUS)
        return next((one for one in several if one is not None), None)

    def _take_names(self, feature_id: object) -> None:
        name = self.properties.get("name")
        if isinstance(name, str) and is_plain(name, MAX_NAME):
            self.name = self.label = name
        elif name is not None:
            self.reasons.append(f"name must be a text of 1 to {MAX_NAME} characters on one line")
        raw_id = self.properties.get("id") if feature_id is None else feature_id
        self.id = (slug(self.name)[:MAX_ID] if raw_id is None else self._as_id(raw_id, "id")) or ""
        if self.id:
            self.label = self.id
        elif raw_id is None:  # nobody would know the made up one, so the label stays
            self.id = made_up_id([self.geometry, self.radius])
        self.name = self.name or self.id
        raw_parent = self.properties.get("parent")
        if raw_parent is not None:
            self.parent = self._as_id(raw_parent, "parent")

    def _as_id(self, raw: object, what: str) -> str | None:
        """GeoJSON allows numbers as ids; 7 and "7" are the same."""
        if isinstance(raw, str) and is_plain(raw, MAX_ID):
            return raw
        number = finite_number(raw)
        if number is not None and abs(number) <= MAX_ID_NUMBER and number == int(number):
            return str(int(number))
        self.reasons.append(f"{what} must be a text of 1 to {MAX_ID} characters or a whole number")
        return None

    def _check_properties(self) -> None:
        """Whoever keeps the fence must be able to write its properties as JSON again."""
        try:
            others = {name: one for name, one in self.properties.items() if name not in OWN}
            json.dumps(others, allow_nan=False)  # orjson would write null
            if len(orjson.dumps(dict(self.properties))) > MAX_PROPERTIES_BYTES:
                self.reasons.append(f"its properties are longer than {MAX_PROPERTIES_BYTES} bytes")
        except (TypeError, ValueError, RecursionError):
            self.reasons.append("its properties cannot be written as JSON")


def _check_ids(drafts: Iterable[_Draft]) -> None:
    ids = Counter(draft.id for draft in drafts if draft.id)
    for draft in drafts:
        if ids[draft.id] > 1:
            draft.reasons.append(f'{ids[draft.id]} features have the id "{draft.id}"')


def _check_parents(drafts: Iterable[_Draft]) -> None:
    parents = {draft.id: draft.parent for draft in drafts if draft.id}
    for draft in drafts:
        if draft.parent is None:
            continue
        if draft.parent not in parents:
            draft.reasons.append(f'there is no fence "{draft.parent}" to be its parent')
        elif _levels(draft.parent, parents) > MAX_LEVELS:
            draft.reasons.append(f"its parents form a circle or more than {MAX_LEVELS} levels")


def _levels(fence_id: str | None, parents: Mapping[str, str | None]) -> int:
    levels = 1
    while fence_id is not None and levels <= MAX_LEVELS:
        fence_id = parents.get(fence_id)
        levels += 1
    return levels


def _fence(draft: _Draft) -> Fence | None:
    """None when anything speaks against it; the shape and the rules are looked at all the same."""
    properties, blame = draft.properties, draft.reasons.append
    if not draft.is_feature:
        return None
    shape = read_shape(draft.geometry, draft.radius, blame)
    kind = _kind(draft)
    rules = file_rules.override(RULES[kind], properties, blame)
    if draft.reasons or shape is None:
        return None
    return _made(draft, kind, shape, rules)


def _kind(draft: _Draft) -> FenceKind:
    raw = draft.properties.get("kind")
    if raw is None:
        return FenceKind.STORE
    if isinstance(raw, str) and raw in KINDS:
        return FenceKind(raw)
    draft.reasons.append(f"kind must be one of {', '.join(KINDS)}")
    return FenceKind.STORE


def _made(draft: _Draft, kind: FenceKind, shape: Shape, rules: Rules) -> Fence:
    own = OWN if isinstance(shape, Circle) else OWN.difference(RADIUS)
    others = {name: value for name, value in draft.properties.items() if name not in own}
    return Fence(
        id=draft.id,
        name=draft.name,
        kind=kind,
        shape=shape,
        rules=rules,
        version=version_of(shape, rules, kind, draft.parent),
        parent=draft.parent,
        properties=MappingProxyType(others),
    )
