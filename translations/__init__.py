"""What can be said in which language: languages, themes, contents, their variants and clips, SMS size and cost."""
