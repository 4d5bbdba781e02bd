"""A coverage-guided fuzzer in plain Python for what hpotune reads.

mutate     bytes to other bytes
coverage   the lines and steps that an input reaches
campaign   one process's share of a target: a corpus that grows by what is new
command    the command line: processes, minimising, saving, the table
targets/   what is read, what good input looks like, and what must hold
"""
