"""« Réglages »: what the service may do; channels, users and the audit list have modules of their own."""
