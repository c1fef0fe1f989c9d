"""What an agency calls it: one folder an agency, each between its own format and the events of the exchange."""
