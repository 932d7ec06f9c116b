"""The cloud: what leaves the shop durably and in order, and what comes back.

`outbox` keeps events in the caller's transaction, `worker` drains them through a transport and
pulls the platform's changes, `reference_platform` is the shipped counterpart for tests and demos.
"""
