"""What is said in English. Only the hello and the name change with the form of address."""

from store_agent.domain.greeting import Relationship
from store_agent.greeting.phrases import Phrases, Say, Spoken, Why


def _both(text: str) -> Spoken:
    return Spoken(text, text)


ENGLISH = Phrases(
    locale="en_GB",
    today="today",
    tomorrow="tomorrow",
    yesterday="yesterday",
    on_day="on {weekday}",
    since_day="since {day}",
    since_days="for {days} days",
    hello={
        Relationship.FIRST_MEETING: _both("Welcome"),
        Relationship.REGULAR: Spoken("How nice to see you", "Good to see you"),
        Relationship.LONG_ABSENCE: Spoken("How nice to have you back", "Good to have you back"),
    },
    say={
        Say.COMPLAINT: _both("your complaint is still open. May I see to it right away?"),
        Say.LATE_DELIVERY: _both(
            "your delivery is later than promised, I am sorry. Shall I look where it is?"
        ),
        Say.REPAIR: _both("I am happy to look right away how your repair is coming along."),
        Say.QUESTION: _both("we still owe you an answer to your question. May I look into it now?"),
        Say.PICKUP: _both("there is something waiting for you. Shall I get it right away?"),
        Say.PICKUP_TITLED: _both("your order is ready: {title}. Shall I get it right away?"),
        Say.PICKUPS: _both("your orders are ready. Shall I get them right away?"),
        Say.VOUCHER_TODAY: _both(
            "your reward is only valid today: {title}. Would you like to use it now?"
        ),
        Say.VOUCHER_SOON: _both(
            "your reward is only valid until {by}: {title}. Would you like to use it today?"
        ),
        Say.RETURN: _both("do you have your return with you? I am happy to take it right away."),
        Say.BIRTHDAY_TODAY: _both("happy birthday!"),
        Say.BIRTHDAY_PAST: _both("happy belated birthday!"),
        Say.BIRTHDAY_SOON: _both(
            "your birthday is coming up {day}. May I show you something lovely for it?"
        ),
        Say.WELCOME_BACK: _both("there is quite a bit that is new. May I show you?"),
        Say.HELP: _both("if you are looking for anything, I am happy to help."),
        Say.WELCOME: _both("if you like, I will show you where to find everything."),
        Say.NEXT_TIER: _both("you are only a small step away from {tier}."),
        Say.OFFER: _both("there is something for you right now: {title}. May I show you?"),
    },
    why={
        Why.COMPLAINT: "Complaint open {since}",
        Why.LATE_DELIVERY: "Delivery late {since}",
        Why.REPAIR: "Repair open {since}",
        Why.QUESTION: "Question unanswered {since}",
        Why.PICKUP: "Pickup ready {since}{place}",
        Why.VOUCHER_ENDS: "Voucher ends {day}",
        Why.RETURN: "Return announced{place}",
        Why.BIRTHDAY: "Birthday {day}",
        Why.BIRTHDAY_WAS: "Birthday was {day}",
        Why.VISIT_AFTER: "First visit in {days} days",
        Why.PURCHASE_BEFORE: "Last purchase {days} days ago",
        Why.LONG_AWAY: "Has not been here for a long time",
        Why.FIRST_TIME: "Here for the first time",
        Why.NEXT_TIER: "{amount} to go to {tier}",
        Why.OFFER: "Offer fits today",
        Why.OFFER_UNTIL: "Offer until {date}",
        Why.VOUCHER: "Voucher without an end date",
        Why.VOUCHER_UNTIL: "Voucher until {date}",
    },
)
