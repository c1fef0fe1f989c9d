"""What may be said: every event type, its parts, its code lists. Imports nothing of ours."""
