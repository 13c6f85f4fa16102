"""A virtual county: cameras on loopback that speak real RTSP and break on demand, with the truth beside them.

It serves tests, benchmarks and `make demo`. It must not know who probes it: no probe, no service, no register
is imported here. Everything in it is synthetic; no name, code or address belongs to a real place.
"""
