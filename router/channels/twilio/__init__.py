"""Calls through Twilio: its voice and status webhooks in, TwiML out."""
