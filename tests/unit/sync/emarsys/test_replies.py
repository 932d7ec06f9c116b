"""The table of answers, row by row."""

import orjson
import pytest

from sync.transports.emarsys.replies import RULES, Reply, Verdict, explain, judge, read

SAYS_EXISTS = "Contact already exists"

TABLE = [
    # 429, 502, 503: with jitter, after the reset
    (429, 7003, "", Verdict.BUSY),
    (429, 15011, "", Verdict.BUSY),
    (429, None, "", Verdict.BUSY),
    (502, None, "", Verdict.RETRY),
    (503, None, "", Verdict.RETRY),
    (504, None, "", Verdict.RETRY),
    # 500 is a fault of theirs, except where it names one of ours
    (500, 1, "", Verdict.RETRY),
    (500, None, "", Verdict.RETRY),
    (500, 3000, "", Verdict.RETRY),
    *[(500, code, "", Verdict.REFUSED) for code in (3001, 3002, 3003, 3004, 3005)],
    *[(500, code, "", Verdict.REFUSED) for code in (6010, 6025, 6058, 6059)],
    (500, 3006, "", Verdict.RETRY),
    # evaluations under way
    (202, 10001, "", Verdict.LATER),
    (423, 10003, "", Verdict.LATER),
    (423, 6028, "", Verdict.LATER),
    # who we are, what we may
    (401, 1, "", Verdict.LOGIN),
    (403, 1, "", Verdict.FORBIDDEN),
    (403, None, "", Verdict.FORBIDDEN),
    # permanent
    *[(400, code, "", Verdict.REFUSED) for code in (1001, 1010, 2003, 2004, 2005, 2007, 5001)],
    *[(400, code, "", Verdict.REFUSED) for code in (5009, 5010, 5011)],
    *[(200, code, "", Verdict.REFUSED) for code in (2004, 2005, 2006, 2007)],
    # one code, two meanings
    (400, 2006, SAYS_EXISTS, Verdict.EXISTS),
    (400, 2006, "Invalid field id: 99", Verdict.REFUSED),
    (200, 2006, SAYS_EXISTS, Verdict.EXISTS),
    # contacts
    (200, 2008, "", Verdict.UNKNOWN_CONTACT),
    (400, 2008, "", Verdict.UNKNOWN_CONTACT),
    (404, 2008, "", Verdict.UNKNOWN_CONTACT),
    (200, 2010, "", Verdict.AMBIGUOUS_CONTACT),
    (400, 2010, "", Verdict.AMBIGUOUS_CONTACT),
    (400, 2009, "", Verdict.EXISTS),
    # delivered with a warning
    (400, 5005, "", Verdict.DONE_WITH_WARNING),
    (200, 5005, "", Verdict.DONE_WITH_WARNING),
    (400, 5008, "", Verdict.DONE_WITH_WARNING),
    # too many at once
    (400, 1000, "", Verdict.TOO_LARGE),
    (400, 2002, "", Verdict.TOO_LARGE),
    (400, 3002, "", Verdict.TOO_LARGE),
    (413, None, "", Verdict.TOO_LARGE),
    # well
    (200, 0, "OK", Verdict.DONE),
    (201, 0, "OK", Verdict.DONE),
    (202, 0, "OK", Verdict.DONE),
    # what nobody has described
    (200, 4711, "", Verdict.REFUSED),
    (400, 4711, "", Verdict.REFUSED),
    (422, None, "", Verdict.REFUSED),
    (404, None, "", Verdict.MISDIRECTED),
    (405, None, "", Verdict.MISDIRECTED),
    (302, None, "", Verdict.MISDIRECTED),
]


@pytest.mark.parametrize(("status", "code", "text", "verdict"), TABLE)
def test_status_and_code_together_decide(status, code, text, verdict):
    assert judge(status, code, text) is verdict


def test_every_verdict_and_every_rule_is_met_by_the_table():
    met = {next(n for n, r in enumerate(RULES) if r.fits(s, c, t.lower())) for s, c, t, _ in TABLE}
    assert met == set(range(len(RULES)))
    assert {verdict for *_, verdict in TABLE} == set(Verdict)


def test_no_answer_is_without_a_verdict():
    for status in range(100, 600):
        for code in (None, 0, 1, 1000, 2006, 2008, 5005, 10001, 99999):
            assert judge(status, code) in Verdict


def test_only_a_success_without_errors_counts_as_well():
    for status in range(100, 600):
        for code in range(1, 6000, 7):
            assert judge(status, code) is not Verdict.DONE


def test_a_failure_inside_a_200_is_seen():
    reply = read(200, orjson.dumps({"replyCode": 2004, "replyText": "Invalid key", "data": ""}))
    assert reply == Reply(200, 2004, Verdict.REFUSED, "")
    assert reply.errors == ()


def test_what_is_no_envelope_is_not_from_emarsys():
    assert read(200, b"<html>log in</html>") is None
    assert read(200, b"[]") is None
    assert read(200, b"{}") is None
    assert read(503, b"<html>") == Reply(503, None, Verdict.RETRY)


def test_codes_come_as_numbers_and_as_text():
    assert read(200, b'{"replyCode": "0", "data": {}}').verdict is Verdict.DONE
    assert read(200, b'{"replyCode": true}') is None


def test_errors_of_single_contacts_are_read_in_both_forms():
    data = {"ids": [], "errors": {"anna": {"2008": "No contact"}, "ben": {"2006": SAYS_EXISTS}}}
    errors = Reply(200, 0, Verdict.DONE, data).errors
    assert [(e.key, e.code, e.verdict) for e in errors] == [
        ("anna", 2008, Verdict.UNKNOWN_CONTACT),
        ("ben", 2006, Verdict.EXISTS),
    ]
    listed = {"errors": [{"key": "anna", "errorCode": "2010", "errorMsg": "more"}], "result": False}
    errors = Reply(200, 0, Verdict.DONE, listed).errors
    assert [(e.key, e.code, e.verdict) for e in errors] == [
        ("anna", 2010, Verdict.AMBIGUOUS_CONTACT)
    ]


@pytest.mark.parametrize("data", ["", [], None, {"errors": []}, {"errors": ""}, {"errors": None}])
def test_data_without_errors_has_none(data):
    assert Reply(200, 0, Verdict.DONE, data).errors == ()


def test_an_error_in_a_form_nobody_knows_still_counts_as_one():
    assert Reply(200, 0, Verdict.DONE, {"errors": {"anna": "?"}}).errors[0].verdict is (
        Verdict.REFUSED
    )


def test_a_reason_names_the_code_and_no_person():
    assert explain(2008) == "the contact is not known in Emarsys (replyCode 2008)"
    assert explain(4711) == "Emarsys refuses this (replyCode 4711)"
    assert "code" in explain(None)
