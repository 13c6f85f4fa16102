"""Floor 2: protocols without sockets. Bytes in, events and bytes out."""
