"""Contact lists and segments."""

from __future__ import annotations

from typing import Any

from sync.fake_emarsys.account import Account
from sync.fake_emarsys.door import Refused

PAGE = 1000


def contact_ids(account: Account, list_id: int, skip: int, top: int) -> dict[str, Any]:
    """`GET /contactlist/{id}/contactIds`: a page, and where the next one is."""
    if list_id not in account.lists:
        raise Refused(404, 3004, "No such contact list")
    members = account.lists[list_id]
    end = skip + min(top, PAGE)
    following = f"/contactlist/{list_id}/contactIds?$skiptoken={end}&$top={top}"
    return {"value": members[skip:end], "next": following if end < len(members) else None}


def is_member(account: Account, segment_id: int, contact_id: int) -> bool:
    """`GET /filter/{id}/contacts/{contact}`."""
    if segment_id not in account.segments:
        raise Refused(404, 10002, "The segment specified does not exist.")
    return contact_id in account.segments[segment_id].members


def members(account: Account, segment_id: int, offset: int, limit: int) -> list[str]:
    """`GET /filter/{id}/contacts`: evaluated behind the scenes, one segment at a time."""
    if segment_id not in account.segments:
        raise Refused(404, 10002, "The segment specified does not exist.")
    segment = account.segments[segment_id]
    others = [one for number, one in account.segments.items() if number != segment_id]
    if any(one.looks_left == -1 for one in others):
        raise Refused(423, 10003, "The admin already running a segment.")
    if segment.looks_left > 0:
        segment.looks_left -= 1
        raise Refused(202, 10001, "The segment is currently evaluated.")
    return [str(one) for one in sorted(segment.members) if one > offset][:limit]
