"""Who people are and what they told us: villages, clubs, members, facilitators, reports, actions, inquiries."""
