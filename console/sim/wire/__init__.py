"""The real protocols over the simulated world: loopback and unix sockets only."""
