"""What is said, to whom and when: audiences, campaigns and their events, quizzes, enrolments, conversations."""
