"""The node's store: what it has to send, what it was sent, and the keys, each in a SQLite file of its own."""
