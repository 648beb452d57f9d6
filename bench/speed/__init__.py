"""`make bench`: what a call, a webhook and a waiting caller cost, each beside what others take for less work."""
