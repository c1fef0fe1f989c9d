"""The steps of the line in order: what goes out, what comes in, and what is missing. One screen each."""
