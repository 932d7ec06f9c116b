"""Advice: what staff write down and do for the people they look after. Rooms of the tablet."""
