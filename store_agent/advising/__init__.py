"""What staff do for those they advise: notes, tasks, touches, answers. ONE transaction each."""
