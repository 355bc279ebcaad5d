"""Where telephone providers call us: a few routes, no rules."""
