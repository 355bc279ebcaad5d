"""The gateway of Orange's SMS API for Africa and the Middle East: SMS out, receipts and replies."""
