"""Writes Tests/JWTTests/PyJWTTokens.swift: tokens as PyJWT makes them, at the time at which a test's clock begins.

    .venv/bin/pip install 'pyjwt[crypto]==2.15.1'
    .venv/bin/python Tests/Fixtures/pyjwt.py > Tests/JWTTests/PyJWTTokens.swift
"""
import json
import textwrap

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

START = 1_800_000_000
CLAIMS = {
    "iss": "https://id.example.com", "sub": "7", "aud": ["shop", "stock"], "exp": START + 600, "iat": START,
    "nbf": START, "jti": "python", "name": "J\u00f6rg", "roles": ["admin", "editor"], "scope": "read write",
    "address": {"city": "Ulm", "zip": 89073},
}
SECRET = "0123456789abcdef" * 4
KEYS = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
ALGORITHMS = [
    *[(name, None) for name in ("HS256", "HS384", "HS512")],
    *[(name, "rsa") for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")],
    ("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521"), ("EdDSA", "ed25519"),
]


def private(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def literal(text, indent):
    return '"""\n' + textwrap.indent(text.strip() + '\n"""', " " * indent)


def broken(text, mark="\\"):
    """The same text for the compiler, on lines of a bearable length."""
    return f"{mark}\n".join(text[at:at + 90] for at in range(0, len(text), 90))


def jwk(name):
    kind = RSAAlgorithm if name == "rsa" else OKPAlgorithm if name == "ed25519" else ECAlgorithm
    return {**kind.to_jwk(KEYS[name].public_key(), as_dict=True), "kid": name, "use": "sig"}


print("// Made by Tests/Fixtures/pyjwt.py. The keys are for these tests alone.\n")
print("enum PyJWT {")
print(f'    static let secret = "{SECRET}"')
print(f"    static let weakKey = {literal(public(WEAK), 8)}")
print("    static let privateKeys = [")
for name, key in KEYS.items():
    print(f'        "{name}": {literal(private(key), 12)},')
print("    ]\n    static let publicKeys = [")
for name, key in KEYS.items():
    print(f'        "{name}": {literal(public(key), 12)},')
print("    ]\n    /// The tokens' algorithms, the keys that they are made with (nil for the secret), and the tokens.")
print("    static let tokens: [(algorithm: String, key: String?, token: String)] = [")
for algorithm, name in ALGORITHMS:
    headers = {"kid": name} if name else None
    token = jwt.encode(CLAIMS, KEYS[name] if name else SECRET, algorithm, headers=headers)
    print(f'        (\n            "{algorithm}", {json.dumps(name) if name else "nil"}, {literal(broken(token), 12)}\n        ),')
print("    ]")
lines = json.dumps({"keys": [jwk(name) for name in KEYS]}, indent=2).split("\n")
keys = "\n".join(broken(line, "\\#") for line in lines)
print(f"    /// The public keys as a JWK Set.\n    static let keySet = #{literal(keys, 8)}#\n}}")
