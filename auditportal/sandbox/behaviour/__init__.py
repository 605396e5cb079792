"""How the sandbox behaves: faults on demand, switches, and the logs of what reached it."""
