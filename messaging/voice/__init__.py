"""Calls over our own telephone line: runs the service's TwiML on a leg of SIP or Asterisk, as Twilio would."""
