"""Every gateway by the name that a channel's row holds. To add a provider, begin here: docs/add-a-provider.md."""

from collections.abc import Mapping

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.android.gateway import Android
from messaging.gateways.kannel import Kannel
from messaging.gateways.orange.gateway import Orange
from messaging.gateways.protocol import Gateway
from messaging.gateways.simulator import Post, Simulator
from messaging.gateways.twilio.gateway import Twilio


def gateways(post: Post) -> Mapping[str, Gateway]:
    """One of each; `post` is how the simulator reaches our own routes."""
    every: tuple[Gateway, ...] = (Simulator(post), Twilio(), Kannel(), Android(), AfricasTalking(), Orange())
    return {gateway.name: gateway for gateway in every}
