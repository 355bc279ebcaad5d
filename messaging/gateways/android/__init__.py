"""SMS Gateway for Android: an ordinary phone as a gateway, through the vendor's cloud, a private server or the local network.

The surprising thing: the phone reports the delivery of each part of a long text, and the reports of one text differ in nothing
but the webhook's own id. A text is delivered when as many have come as it has parts.
"""
