"""What the network predicted once (points), kept so that later versions of decoding are compared on it."""
