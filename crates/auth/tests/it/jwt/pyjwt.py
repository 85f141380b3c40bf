"""Tokens by PyJWT, keys by jwcrypto: a task a line, as JSON; an answer a line."""

import json
import sys

import jwt
from jwcrypto import jwk

GENERATED = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "RS256": {"kty": "RSA", "size": 2048},
    "PS384": {"kty": "RSA", "size": 2048},
}


def do(task):
    alg = task["alg"]
    if task["do"] == "sign":
        return {"token": jwt.encode(task["claims"], task["key"], alg, headers={"kid": task["kid"]})}
    if task["do"] == "generate":
        key = jwk.JWK.generate(kid=task["kid"], alg=alg, use="sig", **GENERATED[alg])
        private = key.export_to_pem(private_key=True, password=None)
        token = jwt.encode(task["claims"], private, alg, headers={"kid": task["kid"]})
        return {"jwk": key.export_public(as_dict=True), "token": token}
    try:
        claims = jwt.decode(task["token"], task["key"], [alg], audience=task["aud"], issuer=task["iss"])
        return {"claims": claims}
    except jwt.InvalidTokenError as error:
        return {"error": repr(error)}


for line in sys.stdin:
    print(json.dumps(do(json.loads(line))))
