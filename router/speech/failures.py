"""What can go wrong between a prompt's text and its audio, in errors a person can act on."""

from __future__ import annotations


class PromptFailed(Exception):
    """A prompt cannot be played. The message says what, where and the way out; it never carries the prompt's text."""


class SynthesisFailed(PromptFailed):
    """The synthesiser gave no usable audio, or the audio could not be kept."""


class RecordingRefused(PromptFailed):
    """A recorded file cannot be used: its name, its place or its format is wrong."""
