"""The machine doors: HTTP for tills, readers, monitors, and the table of who may use which."""
