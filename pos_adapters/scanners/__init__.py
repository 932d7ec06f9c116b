"""Scanners at the lane: serial lines, exclusive keyboards, and their simulated twins."""
