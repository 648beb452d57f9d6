"""What all pages share: sign-in, who may do what, layout, texts in German and English, and the built assets."""
