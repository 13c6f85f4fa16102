"""Floor 2: the register of areas, devices, cameras, endpoints and what was seen of them."""
