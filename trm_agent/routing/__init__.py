"""One turn of a router that knows its tools: histories → decisions.

requests (what of the histories is still to be read) → forward (what the network says of it, in torch or by graphs) →
bound (`BoundRouter`: all of it, in order)
"""
