"""The store agent: recognises customers in the shop and wires the four parts together."""
