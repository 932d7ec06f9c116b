"""What customers say themselves on a tablet that is turned to them. ONE transaction each."""
