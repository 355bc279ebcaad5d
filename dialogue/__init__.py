"""The conversation engine: a state and an input give the next state and the lines to say; no I/O, no language, no channel."""
