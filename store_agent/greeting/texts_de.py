"""What is said in German. Sentences avoid words that would have to agree with a title's gender."""

from store_agent.domain.greeting import Relationship
from store_agent.greeting.phrases import Phrases, Say, Spoken, Why

GERMAN = Phrases(
    locale="de",
    today="heute",
    tomorrow="morgen",
    yesterday="gestern",
    on_day="am {weekday}",
    since_day="seit {day}",
    since_days="seit {days} Tagen",
    hello={
        Relationship.FIRST_MEETING: Spoken("Herzlich willkommen", "Herzlich willkommen"),
        Relationship.REGULAR: Spoken("Schön, Sie zu sehen", "Schön, dich zu sehen"),
        Relationship.LONG_ABSENCE: Spoken(
            "Schön, dass Sie wieder bei uns sind", "Schön, dass du wieder bei uns bist"
        ),
    },
    say={
        Say.COMPLAINT: Spoken(
            "Ihre Reklamation ist noch offen. Darf ich mich gleich darum kümmern?",
            "deine Reklamation ist noch offen. Darf ich mich gleich darum kümmern?",
        ),
        Say.LATE_DELIVERY: Spoken(
            "Ihre Lieferung kommt später als versprochen, das tut mir leid. "
            "Soll ich nachsehen, wo sie ist?",
            "deine Lieferung kommt später als versprochen, das tut mir leid. "
            "Soll ich nachsehen, wo sie ist?",
        ),
        Say.REPAIR: Spoken(
            "zu Ihrer Reparatur sehe ich gern gleich nach, wie es steht.",
            "zu deiner Reparatur sehe ich gern gleich nach, wie es steht.",
        ),
        Say.QUESTION: Spoken(
            "auf Ihre Frage schulden wir Ihnen noch eine Antwort. Darf ich gleich nachsehen?",
            "auf deine Frage schulden wir dir noch eine Antwort. Darf ich gleich nachsehen?",
        ),
        Say.PICKUP: Spoken(
            "es liegt etwas für Sie bereit. Soll ich es gleich holen?",
            "es liegt etwas für dich bereit. Soll ich es gleich holen?",
        ),
        Say.PICKUP_TITLED: Spoken(
            "Ihre Bestellung liegt bereit: {title}. Soll ich sie gleich holen?",
            "deine Bestellung liegt bereit: {title}. Soll ich sie gleich holen?",
        ),
        Say.PICKUPS: Spoken(
            "Ihre Bestellungen liegen bereit. Soll ich sie gleich holen?",
            "deine Bestellungen liegen bereit. Soll ich sie gleich holen?",
        ),
        Say.VOUCHER_TODAY: Spoken(
            "nur noch heute gilt für Sie: {title}. Möchten Sie das gleich nutzen?",
            "nur noch heute gilt für dich: {title}. Möchtest du das gleich nutzen?",
        ),
        Say.VOUCHER_SOON: Spoken(
            "nur noch bis {by} gilt für Sie: {title}. Möchten Sie das heute nutzen?",
            "nur noch bis {by} gilt für dich: {title}. Möchtest du das heute nutzen?",
        ),
        Say.RETURN: Spoken(
            "haben Sie Ihre Rückgabe dabei? Ich nehme sie Ihnen gern gleich ab.",
            "hast du deine Rückgabe dabei? Ich nehme sie dir gern gleich ab.",
        ),
        Say.BIRTHDAY_TODAY: Spoken(
            "herzlichen Glückwunsch zum Geburtstag!", "herzlichen Glückwunsch zum Geburtstag!"
        ),
        Say.BIRTHDAY_PAST: Spoken(
            "nachträglich alles Gute zum Geburtstag!", "nachträglich alles Gute zum Geburtstag!"
        ),
        Say.BIRTHDAY_SOON: Spoken(
            "Ihr Geburtstag ist schon {day}. Darf ich Ihnen etwas Schönes dafür zeigen?",
            "dein Geburtstag ist schon {day}. Darf ich dir etwas Schönes dafür zeigen?",
        ),
        Say.WELCOME_BACK: Spoken(
            "inzwischen ist einiges neu. Darf ich es Ihnen zeigen?",
            "inzwischen ist einiges neu. Darf ich es dir zeigen?",
        ),
        Say.HELP: Spoken(
            "wenn Sie etwas suchen, helfe ich Ihnen gern.",
            "wenn du etwas suchst, helfe ich dir gern.",
        ),
        Say.WELCOME: Spoken(
            "wenn Sie mögen, zeige ich Ihnen kurz, wo Sie alles finden.",
            "wenn du magst, zeige ich dir kurz, wo du alles findest.",
        ),
        Say.NEXT_TIER: Spoken(
            "bis {tier} fehlt Ihnen nur noch ein kleines Stück.",
            "bis {tier} fehlt dir nur noch ein kleines Stück.",
        ),
        Say.OFFER: Spoken(
            "für Sie gilt gerade: {title}. Darf ich Ihnen etwas dazu zeigen?",
            "für dich gilt gerade: {title}. Darf ich dir etwas dazu zeigen?",
        ),
    },
    why={
        Why.COMPLAINT: "Reklamation offen {since}",
        Why.LATE_DELIVERY: "Lieferung verspätet {since}",
        Why.REPAIR: "Reparatur offen {since}",
        Why.QUESTION: "Frage unbeantwortet {since}",
        Why.PICKUP: "Abholung {since}{place}",
        Why.VOUCHER_ENDS: "Gutschein läuft {day} ab",
        Why.RETURN: "Rückgabe angemeldet{place}",
        Why.BIRTHDAY: "Geburtstag {day}",
        Why.BIRTHDAY_WAS: "Geburtstag war {day}",
        Why.VISIT_AFTER: "Erster Besuch nach {days} Tagen",
        Why.PURCHASE_BEFORE: "Letzter Kauf vor {days} Tagen",
        Why.LONG_AWAY: "Lange nicht hier gewesen",
        Why.FIRST_TIME: "Zum ersten Mal hier",
        Why.NEXT_TIER: "Noch {amount} bis {tier}",
        Why.OFFER: "Angebot passt heute",
        Why.OFFER_UNTIL: "Angebot bis {date}",
        Why.VOUCHER: "Gutschein ohne Ablaufdatum",
        Why.VOUCHER_UNTIL: "Gutschein bis {date}",
    },
)
