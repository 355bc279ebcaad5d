"""A programme to practise on, all invented from one seed: 64 villages, 3,400 people, 90 days of history, and a day to play."""
