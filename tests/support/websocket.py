"""What both sides of a WebSocket handshake must agree on."""

import base64
import hashlib


def accept_value(key: str) -> str:
    """RFC 6455 §4.2.2."""
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()
