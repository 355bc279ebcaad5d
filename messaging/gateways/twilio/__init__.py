"""Twilio, and every server that speaks its API and TwiML (Somleng, SignalWire), told apart by base address and flavour."""
