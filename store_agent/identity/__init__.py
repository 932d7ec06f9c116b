"""What was scanned, and whose is it? Pure: time and look-ups are arguments. See docs/passes.md."""
