"""The report grammar: what a text means, and what we answer, without database, network or clock."""
