"""How the two systems know each other's messages: HMAC-SHA256 over the time and the body.

Headers `X-Wenzheng-Timestamp` (seconds since 1970) and `X-Wenzheng-Signature` (`sha256=` and 64 hex digits of
the HMAC over `<timestamp>.<body>`, keyed with the shared secret). Timestamps far from now are not accepted.
"""

import hashlib
import hmac

TIMESTAMP_HEADER = "X-Wenzheng-Timestamp"
SIGNATURE_HEADER = "X-Wenzheng-Signature"
TOLERANCE_S = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the signature header."""
    message = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, signature: str, body: bytes, *, now_s: float) -> bool:
    """Tell whether a message is from somebody who has the secret, and recent; compares in constant time."""
    if not secret or not timestamp.isdecimal() or abs(int(timestamp[:15]) - now_s) > TOLERANCE_S:
        return False
    return hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode())
