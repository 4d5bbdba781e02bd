"""A run: the loop, the executors that start trials, the screen. The only place with processes and clocks."""
