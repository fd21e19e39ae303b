"""What the network predicted once, kept so that later versions of decoding are compared on it."""
