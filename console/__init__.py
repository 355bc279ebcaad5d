"""Where staff work: pages, forms, the phone simulator, the API and the command line."""
