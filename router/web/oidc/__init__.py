"""Signing in with OpenID Connect: Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, PKCE (RFC 7636), RFC 9207."""
