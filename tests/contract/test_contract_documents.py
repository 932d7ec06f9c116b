"""The documents of the contract say what the agent sends and what the sample platform answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from contract.event_samples import made, sent
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from unit.sync.platform_bench import opened_platform
from unit.sync.test_platform_api_examples import ask, examples

from geofences.model import Approach
from store_agent.domain.consent import ConsentState
from store_agent.domain.customer import PersonState
from store_agent.domain.events import EventType
from store_agent.domain.greeting import Evidence, Verdict
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import PointsKind, VoucherAction
from store_agent.domain.scan import ScanKind, ScanSource
from sync.outbox import EventClass
from sync.outbox.caps import DropReason
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.lookups import KINDS
from sync.reference_platform.sources import SourceState
from sync.reference_platform.store import PlatformStore
from sync.transports.base import ResultStatus

DOCS = Path(__file__).parents[2] / "docs"
OPENAPI = yaml.safe_load((DOCS / "openapi.yaml").read_text())
ASYNCAPI = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())

# What AsyncAPI 3.1 asks of the parts that this document has.
REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
ASYNCAPI_STRUCTURE = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.1.0"},
        "defaultContentType": {"type": "string"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"license": {"type": "object", "required": ["name"]}},
        },
        "servers": {"additionalProperties": {"type": "object", "required": ["host", "protocol"]}},
        "channels": {
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "properties": {
                    "servers": {"type": "array", "items": REFERENCE},
                    "parameters": {"additionalProperties": {"type": "object"}},
                    "messages": {"minProperties": 1, "additionalProperties": REFERENCE},
                },
            },
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {"action": {"enum": ["send", "receive"]}, "channel": REFERENCE},
            },
        },
        "components": {
            "type": "object",
            "required": ["messages", "schemas"],
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["name", "summary", "payload"],
                        "additionalProperties": False,
                        "properties": {"name": {}, "summary": {}, "payload": {"type": "object"}},
                    }
                }
            },
        },
    },
}

# (schema, field) -> the closed set of the code
ENUMS = {
    ("ScanRecorded", "door"): ScanSource,
    ("ScanRecorded", "kind"): ScanKind,
    ("VisitStarted", "evidence"): Evidence,
    ("ConsentChanged", "state"): ConsentState,
    ("PersonChanged", "state"): PersonState,
    ("ApproachChanged", "stage"): Approach,
    ("RedemptionRestored", "action"): VoucherAction,
    ("PointsEntered", "kind"): PointsKind,
    ("LotWanted", "unit"): BudgetUnit,
    ("EventsDropped", "reason"): DropReason,
}


def validator(document: dict[str, Any], pointer: str) -> Draft202012Validator:
    """For the part of a document at `pointer`, whose references lead into the document."""
    resource = Resource.opaque(document)
    registry: Registry = Registry().with_resource("urn:doc", resource)
    schema = {"$ref": f"urn:doc#{pointer}"}
    return Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())


def absolute(document: Any) -> Any:
    """References of one document lead into itself under its registered name."""
    if isinstance(document, dict):
        return {
            key: f"urn:doc{value}" if key == "$ref" and value.startswith("#") else absolute(value)
            for key, value in document.items()
        }
    return [absolute(item) for item in document] if isinstance(document, list) else document


def message_of(kind: str) -> str:
    """`store.scan.recorded` -> `ScanRecorded`."""
    return "".join(word.capitalize() for word in kind.split(".")[1:])


def faults(document: dict[str, Any], pointer: str, value: Any) -> list[str]:
    found = validator(absolute(document), pointer).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_openapi_document_is_one():
    validate(OPENAPI)


def test_the_asyncapi_document_is_one():
    Draft202012Validator.check_schema(ASYNCAPI_STRUCTURE)
    Draft202012Validator(ASYNCAPI_STRUCTURE).validate(ASYNCAPI)
    for schema in ASYNCAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"#(/[^'}\s]+)", (DOCS / "asyncapi.yaml").read_text()):
        part = ASYNCAPI
        for step in reference.strip("/").split("/"):
            part = part[step]


def test_every_door_of_the_platform_is_in_the_openapi_document_and_nothing_else(tmp_path):
    from datetime import UTC, datetime

    store = PlatformStore(tmp_path / "platform.db")
    app = create_app(Platform(store, "t", lambda: datetime(2026, 1, 1, tzinfo=UTC)))
    store.close()
    real = {
        (route.path, method.lower()) for route in app.routes for method in route.methods - {"HEAD"}
    }
    told = {
        (path, method)
        for path, item in OPENAPI["paths"].items()
        for method in item
        if method in {"get", "post", "put", "delete"}
    }
    assert told == real


def test_every_type_of_event_is_in_the_asyncapi_document_and_nothing_else():
    messages = ASYNCAPI["components"]["messages"]
    assert {message["name"] for message in messages.values()} == set(EventType)
    assert all(message_of(message["name"]) == name for name, message in messages.items())
    assert set(ASYNCAPI["channels"]["events"]["messages"]) == set(messages)
    assert set(ASYNCAPI["components"]["schemas"]) == {"CloudEvent", *messages}


def test_there_is_a_sample_of_every_type_of_event():
    assert {event.type for event in made()} == set(EventType)


def test_every_event_is_as_the_asyncapi_document_says():
    for event in sent():
        name = message_of(event["type"])
        assert faults(ASYNCAPI, f"/components/messages/{name}/payload", event) == [], event
        schema = ASYNCAPI["components"]["schemas"][name]
        optional = set(schema["properties"]) - set(schema["required"])
        assert set(event["data"]) | optional == set(schema["properties"]), name
        assert set(event) <= set(ASYNCAPI["components"]["schemas"]["CloudEvent"]["properties"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event["data"].pop("lane"),
        lambda event: event["data"].update(door="window"),
        lambda event: event["data"].update(scanned_at="yesterday"),
        lambda event: event.update(sequence="1"),
        lambda event: event.update(type="store.visit.ended"),
        lambda event: event.pop("id"),
    ],
)
def test_an_event_that_is_not_as_the_document_says_would_be_noticed(spoil):
    event = next(event for event in sent() if event["type"] == EventType.SCAN_RECORDED)
    spoil(event)
    assert faults(ASYNCAPI, "/components/messages/ScanRecorded/payload", event)


def test_the_closed_sets_of_the_documents_are_those_of_the_code():
    schemas = ASYNCAPI["components"]["schemas"]
    for (name, field), closed in ENUMS.items():
        assert set(schemas[name]["properties"][field]["enum"]) == set(closed), (name, field)
    exposure = schemas["OfferExposed"]["properties"]["exposures"]["items"]["properties"]
    assert set(exposure["verdict"]["enum"]) == set(Verdict) - {Verdict.REFUSED}
    dropped = schemas["EventsDropped"]["properties"]["class"]["enum"]
    assert set(dropped) == set(EventClass) - {EventClass.RIGHT}
    told = OPENAPI["components"]["schemas"]
    assert set(told["Wanted"]["properties"]) == set(KINDS)
    assert set(told["Source"]["properties"]["state"]["enum"]) == set(SourceState)
    results = set(told["Result"]["properties"]["status"]["enum"])
    assert results == set(ResultStatus) - {ResultStatus.SKIPPED}


def test_the_cloudevents_sdk_reads_what_we_send():
    for event in sent():
        headers = {"content-type": "application/cloudevents+json"}
        read = from_structured_event(HTTPMessage(headers, orjson.dumps(event)))
        assert read.get_id() == event["id"]
        assert read.get_source() == event["source"]
        assert read.get_type() == event["type"]
        assert read.get_specversion() == "1.0"
        assert read.get_subject() == event.get("subject")
        assert read.get_time().isoformat(timespec="microseconds") == event["time"].replace(
            "Z", "+00:00"
        )
        assert read.get_extension("sequence") == event["sequence"]
        assert read.get_data() == event["data"]


def test_an_event_without_what_cloudevents_requires_is_refused_by_the_sdk():
    event = sent()[0] | {"id": ""}
    with pytest.raises(Exception, match="id"):
        from_structured_event(
            HTTPMessage({"content-type": "application/cloudevents+json"}, orjson.dumps(event))
        )


def pointer_of(method: str, url: str, status: int) -> str:
    """Where the OpenAPI document has the schema of this answer."""
    path = re.sub(r"^/v1/stores/[^/?]+", "/v1/stores/{store}", url.partition("?")[0])
    answers = OPENAPI["paths"][path][method.lower()]["responses"]
    answer = answers.get(str(status), answers["default"])
    if "$ref" in answer:
        return f"/components/responses/{answer['$ref'].rpartition('/')[2]}/content"
    key = str(status) if str(status) in answers else "default"
    return f"/paths/{path.replace('/', '~1')}/{method.lower()}/responses/{key}/content"


def check_answer(method: str, url: str, answer) -> None:
    media_type = answer.headers["content-type"].partition(";")[0]
    where = f"{pointer_of(method, url, answer.status_code)}/{media_type.replace('/', '~1')}/schema"
    if media_type == "application/x-ndjson":
        for line in answer.text.splitlines():
            assert faults(OPENAPI, "/components/schemas/SnapshotLine", orjson.loads(line)) == []
        return
    assert faults(OPENAPI, where, answer.json()) == [], (method, url)


MORE = [
    "GET /v1/stores/s1/sources",
    "GET /v1/stores/s1/events?limit=many",
    "POST /v1/stores/s1/lookups\n\n{}",
    "POST /v1/stores/s1/events\n\n{torn",
    "POST /v1/stores/s1/events\nContent-Type: application/cloudevents-batch+json\n\n[1, {}]",
    "POST /v1/stores/s1/events\nContent-Type: application/cloudevents+json\n"
    "Idempotency-Key: bare\n\n{}",
    "POST /v1/demo/line\n\n{}",
]


@pytest.mark.asyncio
async def test_every_answer_of_the_platform_is_as_the_openapi_document_says(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        platform.store.put("customers", "c-000123", {"id": "c-000123"})
        cursor, seen = "", set()
        for request in [*(request for request, _ in examples()), *MORE]:
            answer = await ask(client, request, cursor)
            method, url = request.split("\n", 1)[0].strip().split(" ", 1)
            check_answer(method, url, answer)
            seen.add(answer.status_code)
            if "snapshot" in url:
                cursor = orjson.loads(answer.text.splitlines()[-1])["cursor"]
        platform.store.put("customers", "c-2", {"id": "c-2"})
        platform.store.delete("customers", "c-2", confirms="e1")
        news = await client.get("/v1/stores/s1/changes", params={"cursor": cursor})
        assert len(news.json()["changes"]) == 2
        check_answer("GET", "/v1/stores/s1/changes", news)
        assert seen >= {200, 400, 404, 409, 415, 422}


@pytest.mark.asyncio
async def test_what_the_shop_sends_is_as_the_openapi_document_says(tmp_path):
    for event in sent():
        assert faults(OPENAPI, "/components/schemas/CloudEvent", event) == []
    async with opened_platform(tmp_path) as (_, client):
        answer = await client.post(
            "/v1/stores/s1/events",
            content=orjson.dumps(sent()),
            headers={"content-type": "application/cloudevents-batch+json"},
        )
        assert {result["status"] for result in answer.json()["results"]} == {"accepted"}
