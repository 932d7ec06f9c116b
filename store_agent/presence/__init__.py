"""Who is where: fixes, sightings and scans become one visit per customer, with their consent."""
