"""One file per telephone provider; gateways do not know each other."""
