"""What an agent does with a call: notes, texts, e-mails, payment links, follow-ups, results, and passing it on."""
