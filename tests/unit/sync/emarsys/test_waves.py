"""Grouping events into calls: few of them, and the order of every contact."""

from hypothesis import given
from hypothesis import strategies as st

from sync.transports.emarsys.waves import Step, plan

MANY = 1000
kinds = st.sampled_from([1, 2, 3])
steps_of_one = st.tuples(
    st.sampled_from("abc"), st.lists(st.tuples(kinds, st.booleans()), max_size=3)
)
events = st.lists(steps_of_one, max_size=30)


@given(events, st.integers(1, 5))
def test_whatever_comes_each_contact_is_served_in_order_and_nothing_is_lost(rows, most):
    made = [
        [
            Step(contact, (kind, in_order), (n, m), in_order)
            for m, (kind, in_order) in enumerate(steps)
        ]
        for n, (contact, steps) in enumerate(rows)
    ]
    groups = plan(made, most)
    done = [step for group in groups for step in group.steps]
    assert sorted(step.what for step in done) == sorted(step.what for row in made for step in row)
    for contact in "abc":
        sent = [step.what for step in done if step.contact == contact]
        assert sent == sorted(sent)
    for group in groups:
        assert len(group.steps) <= most
        assert {step.kind for step in group.steps} == {group.kind}
        if not group.steps[0].in_order:
            assert len({step.contact for step in group.steps}) == len(group.steps)


def test_the_same_visit_of_many_people_takes_one_call_per_kind():
    kinds = ["visit", "scan", "zone", "sale"]
    made = [[Step(f"p{n}", kind, n)] for kind in kinds for n in range(100)]
    assert [group.kind for group in plan(made, MANY)] == kinds


def test_people_who_come_one_after_the_other_share_calls_too():
    kinds = ["visit", "scan", "zone"]
    made = [[Step(f"p{n}", kind, n)] for n in range(100) for kind in kinds]
    assert len(plan(made, MANY)) == 3


def test_calls_that_keep_order_hold_several_of_one_contact():
    made = [[Step("anna", "sale", n, in_order=True)] for n in range(5)]
    assert [len(group.steps) for group in plan(made, 3)] == [3, 2]
