"""`make bench-match`: does matching know which message a call is about? Measured on towns whose truth is known."""
