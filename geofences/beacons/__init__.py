"""What transmitters say and where they are: parsing, recognising, tracking. Pure."""
