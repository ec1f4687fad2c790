"""The door of a WeChat Official Account: callbacks in, passive replies and customer messages out."""
