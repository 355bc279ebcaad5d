"""The peers that several gateways' tests talk to."""

from tests.peers.prism import prism as prism
