"""Getting it to the phone and bringing back what happened: contacts, channels, broadcasts, messages, calls, gateways."""
