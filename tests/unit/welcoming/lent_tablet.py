"""A paired tablet of a running test shop, as its browser uses it: cookies, forms, pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import uuid4

from builders import Shop, customer, staff, wallet_pass

OWN_PAGE = {"Origin": "http://127.0.0.1", "Accept": "text/html"}
PIN = "2468"
AS_OF = "2026-11-01T10:00:00Z"
PEOPLE = (
    customer(
        phone="+49 170 1234567",
        email="mira@example.com",
        facts=[
            {"label": "size.top", "value": "L", "origin": "inferred", "as_of": AS_OF},
            {"label": "fit", "value": "locker", "origin": "told", "as_of": AS_OF},
        ],
        segments=["Stammkundin"],
    ),
    customer("c-2", display_name="Otto Ohnefrage", first_name="Otto", last_name="Ohnefrage"),
    wallet_pass(),
    staff(),
    staff("s-max", "Max Muster", "manager"),
)


@dataclass
class Tablet:
    """One browser. `cookies` are what it would send."""

    shop: Shop
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path, **headers):
        return await self.send("GET", path, **headers)

    async def post(self, path, **fields):
        return await self.send("POST", path, data=fields)

    async def send(self, method, path, data=None, **headers):
        self.shop.client.cookies.clear()
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self.shop.client.request(
            method, path, data=data, headers=OWN_PAGE | {"Cookie": sent} | headers
        )
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        return answer

    async def sign_in(self, staff_id="s-bea"):
        answer = await self.post("/login", staff_id=staff_id, pin=PIN)
        assert answer.headers["location"] == "/"

    async def turn(self, customer_id="c-1", kind="consent"):
        answer = await self.post("/turned", customer_id=customer_id, kind=kind)
        assert (answer.status_code, answer.headers["location"]) == (303, "/turned")

    async def device_id(self):
        rows = await self.shop.agent.storage.read(
            lambda view: view.ledger.execute("SELECT id FROM devices").fetchall()
        )
        return rows[0][0]

    async def hidden(self, name):
        """A hidden field of the page as it is shown now."""
        page = await self.get("/turned")
        return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]

    async def say(self, key=None, **answers):
        """Send the consent form: marketing_email="no"."""
        fields = {f"for-{purpose.replace('_', '.')}": said for purpose, said in answers.items()}
        versions = await self.hidden("versions")
        return await self.post(
            "/turned/consents", key=key or str(uuid4()), versions=versions, **fields
        )


async def tablet(running: Shop) -> Tablet:
    """Paired, with Bea working on it."""
    for member in ("s-bea", "s-max"):
        await running.agent.access.set_pin(member, PIN)
    one = Tablet(running)
    await one.post("/pair", code="PAIRCODE", name="Damen, EG")
    await one.sign_in()
    return one
