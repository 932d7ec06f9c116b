"""NATS JetStream as the engine of a fleet: events out, changes and snapshots in, one line.

`port` says what is needed of a JetStream, `line` does it over nats-py, `fake` in memory. On it
stand the shop's side (`sync.transports.nats`, `feed`) and the platform's (`publishing`, `bridge`).
docs/nats.md tells an operator how to set it up.
"""
