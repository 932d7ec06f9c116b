"""THE VERBS of the till, read top to bottom: identify, evaluate, reserve, commit, void, returns."""
