"""SAP Emarsys: events, consents and sales on their way out. docs/emarsys.md shows the set-up.

`kind` holds what the table of transports asks for; this file stays empty so that the tables of
`sent_sales` can be known without loading an HTTP client.
"""
