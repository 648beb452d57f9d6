"""How values are spoken and written in the caller's language.

What is spoken is written out as far as speech synthesis needs it: espeak-ng reads ``31. Januar`` as "einunddreißig
Januar", ``1 Euro`` as "eins Euro", and ``-3`` without its sign; Twilio's voices read the same words as well.
"""
