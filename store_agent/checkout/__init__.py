"""THE VERBS of the till: identify, evaluate, reserve, commit, void, returns, journal."""
