"""The part that GitHub does not have: under `/_sim/` a test plays the people, and breaks things.

Each action changes the state and sends the webhooks that GitHub would send. Any action takes `sending` in its body,
fields of `sender.Sending`, to lose, hold, delay or repeat the webhooks it causes. No credentials are asked for: it
listens on the loopback address. Start at `order`, then `pulls`; `client` is the typed way to call all this.
"""
