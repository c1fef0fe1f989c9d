"""The command line: one file a command group.

Each command reads the node's folder beside the running node, or adds to its outbox; it never seals, publishes or moves
an offset. People get tables and sentences, programs `--json`; exit codes are those of `broker.cli.terminal.Exit`.
"""
