"""The gateway of Africa's Talking: SMS and voice, in both directions."""
