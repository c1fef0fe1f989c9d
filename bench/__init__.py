"""`make bench`: what an event costs here, beside what a user would otherwise pick, in one run on a real Kafka."""
